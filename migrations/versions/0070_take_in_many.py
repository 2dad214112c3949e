"""Many people are put into a plan by a worker; who stands where is counted in an index (P-1)."""

import sqlalchemy as sa
from alembic import op

revision = '0070_take_in_many'
down_revision = '0069_pass_limits'
branch_labels = None
depends_on = None

_MOVING = sa.text("state = 'moving'")


def upgrade() -> None:
    op.create_table('drip_intakes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('drip_id', sa.Uuid(), nullable=False),
    sa.Column('contact_ids', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('looked_at', sa.Integer(), nullable=False),
    sa.Column('enrolled', sa.Integer(), nullable=False),
    sa.Column('already', sa.Integer(), nullable=False),
    sa.Column('opted_out', sa.Integer(), nullable=False),
    sa.Column('fault', sa.String(length=300), nullable=False),
    sa.Column('begun_by_id', sa.Uuid(), nullable=True),
    sa.Column('begun_by', sa.String(length=200), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_drip_intakes_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'drip_id'], ['drips.organization_id', 'drips.id'], name=op.f('fk_drip_intakes_organization_id_drip_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drip_intakes'))
    )
    op.create_index('ix_drip_intakes_newest', 'drip_intakes', ['account_id', 'drip_id', 'begun_at'], unique=False)
    op.create_index('ix_drip_intakes_moving', 'drip_intakes', ['moved_at'], unique=False, sqlite_where=_MOVING, postgresql_where=_MOVING)
    op.create_index('ix_drip_enrolments_counted', 'drip_enrolments', ['account_id', 'drip_id', 'state', 'organization_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_drip_enrolments_counted', table_name='drip_enrolments')
    op.drop_index('ix_drip_intakes_moving', table_name='drip_intakes')
    op.drop_index('ix_drip_intakes_newest', table_name='drip_intakes')
    op.drop_table('drip_intakes')
