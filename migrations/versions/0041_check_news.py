"""Test calls in JSON, as news of numbers comes."""

import sqlalchemy as sa
from alembic import op

revision = '0041_check_news'
down_revision = '0040_look_twice'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('webhook_checks', sa.Column('is_news', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('webhook_checks', schema=None) as batch_op:
        batch_op.drop_column('is_news')
