"""Changes of plans, and subscriptions that renew: their accounts are visited on the 1st (B-3)."""

import sqlalchemy as sa
from alembic import op

revision = '0011_change_plans'
down_revision = '0010_sign_the_audit_log'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('uq_subscriptions_of_account', 'subscriptions', ['organization_id', 'account_id', 'id'], unique=True)
    op.create_table('subscription_changes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('subscription_id', sa.Uuid(), nullable=False),
    sa.Column('request_key', sa.String(length=64), nullable=False),
    sa.Column('change', sa.String(length=32), nullable=False),
    sa.Column('from_plan_name', sa.String(length=60), nullable=False),
    sa.Column('from_credits_per_month', sa.Integer(), nullable=False),
    sa.Column('from_price_cents', sa.Integer(), nullable=False),
    sa.Column('to_plan_id', sa.Uuid(), nullable=False),
    sa.Column('to_plan_name', sa.String(length=60), nullable=False),
    sa.Column('to_credits_per_month', sa.Integer(), nullable=False),
    sa.Column('to_price_cents', sa.Integer(), nullable=False),
    sa.Column('charged_cents', sa.Integer(), nullable=False),
    sa.Column('credits', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('charged_cents >= 0', name=op.f('ck_subscription_changes_charge_not_negative')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_subscription_changes_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'subscription_id'], ['subscriptions.organization_id', 'subscriptions.account_id', 'subscriptions.id'], name=op.f('fk_subscription_changes_organization_id_account_id_subscription_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['to_plan_id'], ['plans.id'], name=op.f('fk_subscription_changes_to_plan_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_changes')),
    sa.UniqueConstraint('account_id', 'request_key', name=op.f('uq_subscription_changes_account_id_request_key'))
    )
    with op.batch_alter_table('subscription_changes', schema=None) as batch_op:
        batch_op.create_index('ix_subscription_changes_subscription_id', ['subscription_id', 'at'], unique=False)

    op.execute(
        """
        UPDATE credit_accounts SET due_at = (
          SELECT next_charge_at FROM subscriptions
          WHERE subscriptions.account_id = credit_accounts.account_id AND state <> 'ended'
        )
        WHERE EXISTS (
          SELECT 1 FROM subscriptions
          WHERE subscriptions.account_id = credit_accounts.account_id AND state <> 'ended'
            AND (credit_accounts.due_at IS NULL OR credit_accounts.due_at > next_charge_at)
        )
        """
    )


def downgrade() -> None:
    with op.batch_alter_table('subscription_changes', schema=None) as batch_op:
        batch_op.drop_index('ix_subscription_changes_subscription_id')

    op.drop_table('subscription_changes')
    op.drop_index('uq_subscriptions_of_account', 'subscriptions')
