"""Calls: where they go, what came of each, and their running count (N-8)."""

import sqlalchemy as sa
from alembic import op

revision = '0030_forward_calls'
down_revision = '0029_let_numbers_go'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('call_forwardings',
    sa.Column('sender_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('phone', sa.String(length=16), nullable=True),
    sa.Column('shown', sa.String(length=32), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_by_id', sa.Uuid(), nullable=True),
    sa.Column('verified_by', sa.String(length=200), nullable=False),
    sa.Column('pending_phone', sa.String(length=16), nullable=True),
    sa.Column('pending_hash', sa.String(length=64), nullable=True),
    sa.Column('pending_shown', sa.String(length=32), nullable=True),
    sa.Column('pending_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tries_left', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_call_forwardings_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('sender_id', name=op.f('pk_call_forwardings'))
    )
    op.create_table('calls',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('sender_id', sa.Uuid(), nullable=False),
    sa.Column('call_sid', sa.String(length=34), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('is_forwarded', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=True),
    sa.Column('talk_seconds', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_calls_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calls')),
    sa.UniqueConstraint('organization_id', 'call_sid', name=op.f('uq_calls_organization_id_call_sid'))
    )
    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.create_index('ix_calls_newest', ['account_id', 'sender_id', 'at'], unique=False)

    op.create_table('call_days',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('calls', sa.Integer(), nullable=False),
    sa.Column('forwarded', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('forwarded_minutes', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_call_days_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'day', name=op.f('pk_call_days'))
    )


def downgrade() -> None:
    op.drop_table('call_days')
    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.drop_index('ix_calls_newest')
    op.drop_table('calls')
    op.drop_table('call_forwardings')
