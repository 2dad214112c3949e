"""0025_register_who_texts"""

import sqlalchemy as sa
from alembic import op

revision = '0025_register_who_texts'
down_revision = '0024_export_texts'
branch_labels = None
depends_on = None

# Only the sandbox ever counted a number as registered, and it did so for all of an organization.
KEEP_SENDING = """
UPDATE carrier_accounts SET has_campaign = true
WHERE EXISTS (SELECT 1 FROM sender_numbers
              WHERE sender_numbers.organization_id = carrier_accounts.organization_id
                AND sender_numbers.is_registered)
"""


def upgrade() -> None:
    with op.batch_alter_table('carrier_accounts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('has_campaign', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(KEEP_SENDING)
    op.create_table('registrations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=True),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('todo', sa.JSON(), nullable=False),
    sa.Column('sids', sa.JSON(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('step_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('carrier_status', sa.String(length=40), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('may_send_in_again', sa.Boolean(), nullable=False),
    sa.Column('trouble', sa.String(length=500), nullable=True),
    sa.Column('trouble_cause', sa.String(length=500), nullable=True),
    sa.Column('trouble_code', sa.Integer(), nullable=True),
    sa.Column('seen', sa.JSON(), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.Column('edited_by', sa.String(length=200), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(kind = 'a2p') = (e164 IS NULL)", name=op.f('ck_registrations_toll_free_has_number')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_registrations_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registrations')),
    sa.UniqueConstraint('organization_id', 'e164', name=op.f('uq_registrations_organization_id_e164'))
    )
    with op.batch_alter_table('registrations', schema=None) as batch_op:
        batch_op.create_index('ix_registrations_due', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('uq_registrations_organization_id_a2p', ['organization_id'], unique=True, sqlite_where=sa.text("kind = 'a2p'"), postgresql_where=sa.text("kind = 'a2p'"))
    op.create_table('daily_brands',
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_daily_brands_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('organization_id', 'day', name=op.f('pk_daily_brands'))
    )


def downgrade() -> None:
    op.drop_table('daily_brands')
    op.drop_table('registrations')
    with op.batch_alter_table('carrier_accounts', schema=None) as batch_op:
        batch_op.drop_column('has_campaign')
