"""Texts of plans may pass an account's daily limits where its organization takes the risk (S-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0069_pass_limits'
down_revision = '0068_count_causes'
branch_labels = None
depends_on = None

_OVER = sa.text('passed_limit IS NOT NULL')


def upgrade() -> None:
    op.create_table('plan_limit_policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('lets_go', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by_id', sa.Uuid(), nullable=True),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_plan_limit_policies_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_limit_policies'))
    )
    op.create_index('ix_plan_limit_policies_in_order', 'plan_limit_policies', ['organization_id', 'set_at', 'id'], unique=False)
    # Added in place: nothing is written anew, however many texts there are.
    op.add_column('messages', sa.Column('passed_limit', sa.String(length=20), nullable=True))
    op.create_index('ix_messages_over_limit', 'messages', ['account_id', 'slot_on', 'campaign_id'], unique=False, sqlite_where=_OVER, postgresql_where=_OVER)
    op.add_column('daily_limits', sa.Column('recipients_over', sa.Integer(), server_default='0', nullable=False))
    op.add_column('daily_limits', sa.Column('segments_over', sa.Integer(), server_default='0', nullable=False))
    op.add_column('daily_recipients', sa.Column('is_over', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column('daily_recipients', 'is_over')
    op.drop_column('daily_limits', 'segments_over')
    op.drop_column('daily_limits', 'recipients_over')
    op.drop_index('ix_messages_over_limit', table_name='messages')
    op.drop_column('messages', 'passed_limit')
    op.drop_index('ix_plan_limit_policies_in_order', table_name='plan_limit_policies')
    op.drop_table('plan_limit_policies')
