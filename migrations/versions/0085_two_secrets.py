"""A webhook's signing secret can be renewed; the one before signs, too, for a while (X-6).

Column by column on SQLite: built anew, the table would be dropped while deliveries point at it.
"""

import sqlalchemy as sa
from alembic import op

revision = '0085_two_secrets'
down_revision = '0084_tasks_of_one_contact'
branch_labels = None
depends_on = None

_TABLE = 'webhook_endpoints'
_NAME = 'ck_webhook_endpoints_old_secret_has_an_end'
_RULE = '(old_secret_sealed IS NULL) = (old_secret_until IS NULL)'


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column('edits', sa.Integer(), server_default='0', nullable=False))
    op.add_column(_TABLE, sa.Column('old_secret_sealed', sa.Text(), nullable=True))
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(
            f'ALTER TABLE {_TABLE} ADD COLUMN old_secret_until DATETIME CONSTRAINT {_NAME} CHECK ({_RULE})'
        )
        return
    op.add_column(_TABLE, sa.Column('old_secret_until', sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f(_NAME), _TABLE, _RULE)


def downgrade() -> None:
    if op.get_bind().dialect.name != 'sqlite':
        op.drop_constraint(op.f(_NAME), _TABLE, type_='check')
    op.drop_column(_TABLE, 'old_secret_until')  # on SQLite its rule goes with it
    op.drop_column(_TABLE, 'old_secret_sealed')
    op.drop_column(_TABLE, 'edits')
