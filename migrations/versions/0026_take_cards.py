"""Payments by card: what was asked, what came, what went back, webhooks once (B-12)."""

import sqlalchemy as sa
from alembic import op

revision = '0026_take_cards'
down_revision = '0025_register_who_texts'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('payment_events',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('object_id', sa.String(length=255), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_events'))
    )
    with op.batch_alter_table('payment_events', schema=None) as batch_op:
        batch_op.create_index('ix_payment_events_waiting', ['received_at'], unique=False, sqlite_where=sa.text('applied_at IS NULL'), postgresql_where=sa.text('applied_at IS NULL'))

    op.create_table('payment_customers',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.String(length=255), nullable=False),
    sa.Column('method_id', sa.String(length=255), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_payment_customers_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_payment_customers'))
    )
    op.create_table('payments',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('request_key', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('subscription_id', sa.Uuid(), nullable=True),
    sa.Column('terms_before', sa.String(length=120), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('plan_name', sa.String(length=60), nullable=False),
    sa.Column('credits_per_month', sa.Integer(), nullable=False),
    sa.Column('price_cents', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=False),
    sa.Column('period_start', sa.Date(), nullable=False),
    sa.Column('period_end', sa.Date(), nullable=False),
    sa.Column('next_charge_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('actor_label', sa.String(length=200), nullable=False),
    sa.Column('act_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retry_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('checkout_count', sa.Integer(), nullable=False),
    sa.Column('checkout_id', sa.String(length=255), nullable=True),
    sa.Column('checkout_url', sa.Text(), nullable=True),
    sa.Column('checkout_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('declines', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(length=200), nullable=True),
    sa.Column('money_id', sa.String(length=255), nullable=True),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refunded_cents', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state IN ('paid', 'returned')) = (money_id IS NOT NULL)", name=op.f('ck_payments_paid_by_somebody')),
    sa.CheckConstraint('amount_cents >= 0', name=op.f('ck_payments_amount_not_negative')),
    sa.CheckConstraint('refunded_cents >= 0', name=op.f('ck_payments_refund_not_negative')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_payments_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['plan_id'], ['plans.id'], name=op.f('fk_payments_plan_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payments')),
    sa.UniqueConstraint('account_id', 'request_key', name=op.f('uq_payments_account_id_request_key')),
    sa.UniqueConstraint('checkout_id', name=op.f('uq_payments_checkout_id')),
    sa.UniqueConstraint('money_id', name=op.f('uq_payments_money_id')),
    sa.UniqueConstraint('organization_id', 'account_id', 'id', name=op.f('uq_payments_organization_id_account_id_id'))
    )
    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.create_index('ix_payments_act_at', ['act_at'], unique=False, sqlite_where=sa.text('act_at IS NOT NULL'), postgresql_where=sa.text('act_at IS NOT NULL'))

    op.create_table('payment_refunds',
    sa.Column('money_id', sa.String(length=255), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=False),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('act_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refund_id', sa.String(length=255), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'payment_id'], ['payments.organization_id', 'payments.account_id', 'payments.id'], name=op.f('fk_payment_refunds_organization_id_account_id_payment_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('money_id', name=op.f('pk_payment_refunds'))
    )
    with op.batch_alter_table('payment_refunds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payment_refunds_act_at'), ['act_at'], unique=False)

    to_mail = sa.text('mail_to IS NOT NULL AND mailed_at IS NULL')
    with op.batch_alter_table('invoices', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mail_to', sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column('mailed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_invoices_to_mail', ['created_at'], unique=False, sqlite_where=to_mail, postgresql_where=to_mail)

    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_unpaid', sa.Boolean(), server_default=sa.false(), nullable=False))



def downgrade() -> None:
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.drop_column('is_unpaid')

    to_mail = sa.text('mail_to IS NOT NULL AND mailed_at IS NULL')
    with op.batch_alter_table('invoices', schema=None) as batch_op:
        batch_op.drop_index('ix_invoices_to_mail', sqlite_where=to_mail, postgresql_where=to_mail)
        batch_op.drop_column('mailed_at')
        batch_op.drop_column('mail_to')

    with op.batch_alter_table('payment_refunds', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_payment_refunds_act_at'))

    op.drop_table('payment_refunds')
    with op.batch_alter_table('payments', schema=None) as batch_op:
        batch_op.drop_index('ix_payments_act_at', sqlite_where=sa.text('act_at IS NOT NULL'), postgresql_where=sa.text('act_at IS NOT NULL'))

    op.drop_table('payments')
    op.drop_table('payment_customers')
    with op.batch_alter_table('payment_events', schema=None) as batch_op:
        batch_op.drop_index('ix_payment_events_waiting', sqlite_where=sa.text('applied_at IS NULL'), postgresql_where=sa.text('applied_at IS NULL'))

    op.drop_table('payment_events')
