"""0076_end_tries_to_send

How often a worker tried to make what goes to the carrier: the tries end, and people are told.
"""

import sqlalchemy as sa
from alembic import op

revision = '0076_end_tries_to_send'
down_revision = '0075_set_windows'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('appeal_sendings') as batch:
        batch.add_column(sa.Column('tries', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('appeal_sendings') as batch:
        batch.drop_column('tries')
