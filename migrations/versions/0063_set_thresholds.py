"""Organizations set thresholds of health of their own, each from a day on (H-7)."""

import sqlalchemy as sa
from alembic import op

revision = '0063_set_thresholds'
down_revision = '0062_attach_media'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('health_policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('holds_from', sa.Date(), nullable=False),
    sa.Column('opt_out_watch', sa.Integer(), nullable=False),
    sa.Column('opt_out_breach', sa.Integer(), nullable=False),
    sa.Column('error_watch', sa.Integer(), nullable=False),
    sa.Column('error_breach', sa.Integer(), nullable=False),
    sa.Column('least_delivered', sa.Integer(), nullable=False),
    sa.Column('least_events', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by_id', sa.Uuid(), nullable=True),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_health_policies_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_health_policies'))
    )
    op.create_index('ix_health_policies_in_order', 'health_policies', ['organization_id', 'set_at', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_health_policies_in_order', table_name='health_policies')
    op.drop_table('health_policies')
