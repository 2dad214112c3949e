"""With how many people a day an account begins again after a pause (H-8)."""

import sqlalchemy as sa
from alembic import op

revision = '0074_begin_again'
down_revision = '0073_stop_traffic'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('texting_accounts', sa.Column('ramp_start', sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column('texting_accounts', 'ramp_start')
