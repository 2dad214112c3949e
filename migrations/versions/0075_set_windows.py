"""Over how long health is told and judged, as officers set it (H-7)."""

import sqlalchemy as sa
from alembic import op

revision = '0075_set_windows'
down_revision = '0074_begin_again'
branch_labels = None
depends_on = None

_USUAL = (('short_hours', '24'), ('judged_days', '7'), ('long_days', '30'))


def upgrade() -> None:
    with op.batch_alter_table('health_policies') as table:
        for name, usual in _USUAL:
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default=usual))
    with op.batch_alter_table('health_policies') as table:
        for name, _ in _USUAL:
            table.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('health_policies') as table:
        for name, _ in _USUAL:
            table.drop_column(name)
