"""0077_tally_proof

What was found for the numbers a carrier names is kept with them, so that no page looks again.
"""

import sqlalchemy as sa
from alembic import op

revision = '0077_tally_proof'
down_revision = '0076_end_tries_to_send'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('appeal_parts') as batch:
        batch.add_column(sa.Column('tally', sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('appeal_parts') as batch:
        batch.drop_column('tally')
