"""0032_bring_numbers_over"""

import sqlalchemy as sa
from alembic import op

revision = '0032_bring_numbers_over'
down_revision = '0031_keep_hours'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('port_ins',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('sealed_account_number', sa.String(length=500), nullable=True),
    sa.Column('sealed_pin', sa.String(length=500), nullable=True),
    sa.Column('needs_pin', sa.Boolean(), nullable=False),
    sa.Column('number_type', sa.String(length=20), nullable=False),
    sa.Column('bill', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('todo', sa.JSON(), nullable=False),
    sa.Column('document_sid', sa.String(length=34), nullable=True),
    sa.Column('request_sid', sa.String(length=34), nullable=True),
    sa.Column('withdrawn', sa.JSON(), nullable=False),
    sa.Column('carrier_sid', sa.String(length=34), nullable=True),
    sa.Column('sender_id', sa.Uuid(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('step_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('carrier_status', sa.String(length=40), nullable=False),
    sa.Column('signature_url', sa.String(length=500), nullable=False),
    sa.Column('port_date', sa.Date(), nullable=True),
    sa.Column('problems', sa.JSON(), nullable=False),
    sa.Column('trouble', sa.String(length=500), nullable=True),
    sa.Column('trouble_cause', sa.String(length=500), nullable=True),
    sa.Column('trouble_code', sa.Integer(), nullable=True),
    sa.Column('letter', sa.Text(), nullable=False),
    sa.Column('signed_by', sa.String(length=200), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_port_ins_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_port_ins')),
    sa.UniqueConstraint('organization_id', 'account_id', 'id', name=op.f('uq_port_ins_organization_id_account_id_id')),
    sa.UniqueConstraint('request_sid', name=op.f('uq_port_ins_request_sid'))
    )
    with op.batch_alter_table('port_ins', schema=None) as batch_op:
        batch_op.create_index('ix_port_ins_account', ['account_id', 'created_at'], unique=False)
        batch_op.create_index('ix_port_ins_due', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('uq_port_ins_e164_open', ['e164'], unique=True, sqlite_where=sa.text("state NOT IN ('done', 'canceled')"), postgresql_where=sa.text("state NOT IN ('done', 'canceled')"))
    op.create_table('port_in_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('port_in_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'port_in_id'], ['port_ins.organization_id', 'port_ins.account_id', 'port_ins.id'], name=op.f('fk_port_in_events_organization_id_account_id_port_in_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_port_in_events'))
    )
    with op.batch_alter_table('port_in_events', schema=None) as batch_op:
        batch_op.create_index('ix_port_in_events_port_in', ['port_in_id', 'at'], unique=False)


def downgrade() -> None:
    op.drop_table('port_in_events')
    op.drop_table('port_ins')
