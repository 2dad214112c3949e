"""Numbers that are brought over from other Twilio accounts (N-2)."""

import sqlalchemy as sa
from alembic import op

revision = '0033_transfer_numbers'
down_revision = '0032_bring_numbers_over'
branch_labels = None
depends_on = None

OPEN = sa.text('ended_at IS NULL')
DUE = sa.text('next_at IS NOT NULL')


def upgrade() -> None:
    with op.batch_alter_table('sender_numbers', schema=None) as batch_op:
        batch_op.create_index('uq_sender_numbers_account_id_id', ['account_id', 'id'], unique=True)
    op.create_table('transfers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('path', sa.String(length=32), nullable=True),
    sa.Column('old_account_sid', sa.String(length=34), nullable=False),
    sa.Column('old_account_name', sa.String(length=100), nullable=False),
    sa.Column('sealed_token', sa.String(length=500), nullable=True),
    sa.Column('is_token_refused', sa.Boolean(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=True),
    sa.Column('number_sid', sa.String(length=34), nullable=True),
    sa.Column('number_name', sa.String(length=64), nullable=False),
    sa.Column('todo', sa.JSON(), nullable=False),
    sa.Column('notes', sa.JSON(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('looked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signature', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ticket', sa.String(length=60), nullable=False),
    sa.Column('carried', sa.Integer(), nullable=False),
    sa.Column('carried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('is_log_whole', sa.Boolean(), nullable=False),
    sa.Column('sender_id', sa.Uuid(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('step_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('trouble', sa.String(length=500), nullable=True),
    sa.Column('trouble_cause', sa.String(length=500), nullable=True),
    sa.Column('trouble_code', sa.Integer(), nullable=True),
    sa.Column('started_by', sa.String(length=200), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ending', sa.String(length=32), nullable=True),
    sa.CheckConstraint('ended_at IS NULL OR (sealed_token IS NULL AND next_at IS NULL)', name=op.f('ck_transfers_ended_holds_no_token')),
    sa.CheckConstraint('(ended_at IS NULL) = (ending IS NULL)', name=op.f('ck_transfers_ended_somehow')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_transfers_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['account_id', 'sender_id'], ['sender_numbers.account_id', 'sender_numbers.id'], name=op.f('fk_transfers_account_id_sender_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfers'))
    )
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.create_index('uq_transfers_account_id_open', ['account_id'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_index('uq_transfers_e164_open', ['e164'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_index('ix_transfers_due', ['next_at'], unique=False, sqlite_where=DUE, postgresql_where=DUE)


def downgrade() -> None:
    op.drop_table('transfers')
    with op.batch_alter_table('sender_numbers', schema=None) as batch_op:
        batch_op.drop_index('uq_sender_numbers_account_id_id')
