"""0045_cap_texts_by_state"""

import sqlalchemy as sa
from alembic import op

revision = '0045_cap_texts_by_state'
down_revision = '0044_count_by_basis'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('hour_edits', sa.Column('max_per_day', sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column('hour_edits', 'max_per_day')
