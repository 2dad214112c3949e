"""When a number that leaves was first not found."""

import sqlalchemy as sa
from alembic import op

revision = '0040_look_twice'
down_revision = '0039_export_statements'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sender_numbers', sa.Column('missed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('sender_numbers', schema=None) as batch_op:
        batch_op.drop_column('missed_at')
