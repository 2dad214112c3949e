"""Numbers that lead elsewhere at the carrier, beside each test call (issue 6)."""

import sqlalchemy as sa
from alembic import op

revision = '0034_find_stray_numbers'
down_revision = '0033_transfer_numbers'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('webhook_checks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('strays', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('not_looked', sa.String(length=300), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('webhook_checks', schema=None) as batch_op:
        batch_op.drop_column('not_looked')
        batch_op.drop_column('strays')
