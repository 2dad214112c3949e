"""0029_let_numbers_go"""

import sqlalchemy as sa
from alembic import op

revision = '0029_let_numbers_go'
down_revision = '0028_hold_for_words'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('sender_numbers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('release_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('release_asked_by', sa.String(length=200), server_default='', nullable=False))
        batch_op.add_column(sa.Column('leaving_since', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('sender_numbers', schema=None) as batch_op:
        batch_op.drop_column('leaving_since')
        batch_op.drop_column('release_asked_by')
        batch_op.drop_column('release_at')
