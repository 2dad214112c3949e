"""A webhook's signing secret can be renewed; the one before signs, too, for a while (X-6)."""

import sqlalchemy as sa
from alembic import op

revision = '0085_two_secrets'
down_revision = '0084_tasks_of_one_contact'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('webhook_endpoints') as batch_op:
        batch_op.add_column(sa.Column('old_secret_sealed', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('old_secret_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('edits', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_check_constraint(
            op.f('ck_webhook_endpoints_old_secret_has_an_end'),
            '(old_secret_sealed IS NULL) = (old_secret_until IS NULL)',
        )


def downgrade() -> None:
    with op.batch_alter_table('webhook_endpoints') as batch_op:
        batch_op.drop_constraint(op.f('ck_webhook_endpoints_old_secret_has_an_end'), type_='check')
        batch_op.drop_column('edits')
        batch_op.drop_column('old_secret_until')
        batch_op.drop_column('old_secret_sealed')
