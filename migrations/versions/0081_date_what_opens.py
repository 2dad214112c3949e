"""0081_date_what_opens

When the carrier is asked when a START was sent, and how often it was (I3, RULINGS 17).
"""

import sqlalchemy as sa
from alembic import op

revision = '0081_date_what_opens'
down_revision = '0080_look_before_going_live'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('inbound_texts') as batch_op:
        batch_op.add_column(sa.Column('look_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('looks', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_index(
            'ix_inbound_texts_look_at',
            ['account_id', 'look_at'],
            unique=False,
            sqlite_where=sa.text('look_at IS NOT NULL'),
            postgresql_where=sa.text('look_at IS NOT NULL'),
        )


def downgrade() -> None:
    with op.batch_alter_table('inbound_texts') as batch_op:
        batch_op.drop_index('ix_inbound_texts_look_at')
        batch_op.drop_column('looks')
        batch_op.drop_column('look_at')
