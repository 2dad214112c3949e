"""An organization lets team mates read one another's conversations, or not (S-4)."""

import sqlalchemy as sa
from alembic import op

revision = '0065_share_talks'
down_revision = '0064_keep_appeals'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a batch: SQLite would drop the table, which others point at.
    op.add_column('organizations', sa.Column('shares_talks', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column('organizations', 'shares_talks')
