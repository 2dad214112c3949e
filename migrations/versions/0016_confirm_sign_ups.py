"""0016_confirm_sign_ups"""

import sqlalchemy as sa
from alembic import op

revision = '0016_confirm_sign_ups'
down_revision = '0015_hand_out_proofs'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('optin_confirmations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('frequency', sa.String(length=200), server_default='', nullable=False))


def downgrade() -> None:
    # Who was told waits for nothing; before this step such a row had no state of its own.
    op.execute("UPDATE optin_confirmations SET state = 'expired' WHERE state = 'told'")
    with op.batch_alter_table('optin_confirmations', schema=None) as batch_op:
        batch_op.drop_column('frequency')
