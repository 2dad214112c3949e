"""0082_read_after_the_lag

When the carrier's list was last read over an outage: only a reading after its lag ends it (PROMISES 1.3, 2.4).
"""

import sqlalchemy as sa
from alembic import op

revision = '0082_read_after_the_lag'
down_revision = '0081_date_what_opens'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('carrier_watches') as batch_op:
        batch_op.add_column(sa.Column('read_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('carrier_watches') as batch_op:
        batch_op.drop_column('read_at')
