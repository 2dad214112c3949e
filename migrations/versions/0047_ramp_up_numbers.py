"""0047_ramp_up_numbers"""

import sqlalchemy as sa
from alembic import op

revision = '0047_ramp_up_numbers'
down_revision = '0046_ask_a_second_person'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('texting_accounts', sa.Column('ramp_limit', sa.Integer(), nullable=True))
    op.add_column('texting_accounts', sa.Column('ramp_clean_days', sa.Integer(), nullable=True))
    op.add_column('texting_accounts', sa.Column('ramp_judged_on', sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column('texting_accounts', 'ramp_judged_on')
    op.drop_column('texting_accounts', 'ramp_clean_days')
    op.drop_column('texting_accounts', 'ramp_limit')
