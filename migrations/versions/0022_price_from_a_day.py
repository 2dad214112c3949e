"""0022_price_from_a_day"""

import sqlalchemy as sa
from alembic import op

revision = '0022_price_from_a_day'
down_revision = '0021_tell_alerts'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('plans', schema=None) as batch_op:
        batch_op.add_column(sa.Column('next_price_cents', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('next_price_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_check_constraint(
            op.f('ck_plans_next_price_has_its_day'), "(next_price_cents IS NULL) = (next_price_at IS NULL)"
        )
        batch_op.create_check_constraint(op.f('ck_plans_next_price_not_negative'), "next_price_cents >= 0")


def downgrade() -> None:
    with op.batch_alter_table('plans', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_plans_next_price_not_negative'), type_='check')
        batch_op.drop_constraint(op.f('ck_plans_next_price_has_its_day'), type_='check')
        batch_op.drop_column('next_price_at')
        batch_op.drop_column('next_price_cents')
