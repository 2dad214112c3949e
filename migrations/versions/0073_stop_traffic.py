"""0073_stop_traffic

Traffic that somebody stopped because opt-outs or errors come from it, and who let it go on.
"""

import sqlalchemy as sa
from alembic import op

revision = '0073_stop_traffic'
down_revision = '0072_share_appeals'
branch_labels = None
depends_on = None

_STANDING = sa.text('lifted_at IS NULL')


def upgrade() -> None:
    op.create_table('traffic_stops',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('value', sa.String(length=240), nullable=False),
    sa.Column('sketch', sa.LargeBinary(), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('why', sa.String(length=300), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('placed_by_id', sa.Uuid(), nullable=True),
    sa.Column('placed_by', sa.String(length=200), nullable=False),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lifted_by_id', sa.Uuid(), nullable=True),
    sa.Column('lifted_by', sa.String(length=200), nullable=False),
    sa.Column('lift_reason', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_traffic_stops_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_traffic_stops'))
    )
    op.create_index('uq_traffic_stops_standing', 'traffic_stops', ['account_id', 'kind', 'value'], unique=True, sqlite_where=_STANDING, postgresql_where=_STANDING)
    op.create_index('ix_traffic_stops_by_time', 'traffic_stops', ['account_id', 'placed_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_traffic_stops_by_time', table_name='traffic_stops')
    op.drop_index('uq_traffic_stops_standing', table_name='traffic_stops')
    op.drop_table('traffic_stops')
