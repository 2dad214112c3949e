"""Toll-free numbers whose old request can't be changed any more are verified anew (N-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0048_verify_again'
down_revision = '0047_ramp_up_numbers'
branch_labels = None
depends_on = None

OPEN = sa.text('ended_at IS NULL')


def upgrade() -> None:
    with op.batch_alter_table('registrations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('again_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_registrations_organization_id_e164'), type_='unique')
    with op.batch_alter_table('registrations', schema=None) as batch_op:
        batch_op.create_index('uq_registrations_organization_id_e164_open', ['organization_id', 'e164'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.execute("DELETE FROM registrations WHERE ended_at IS NOT NULL")
    with op.batch_alter_table('registrations', schema=None) as batch_op:
        batch_op.drop_index('uq_registrations_organization_id_e164_open', sqlite_where=OPEN, postgresql_where=OPEN)
    with op.batch_alter_table('registrations', schema=None) as batch_op:
        batch_op.create_unique_constraint(batch_op.f('uq_registrations_organization_id_e164'), ['organization_id', 'e164'])
        batch_op.drop_column('ended_at')
        batch_op.drop_column('again_until')
