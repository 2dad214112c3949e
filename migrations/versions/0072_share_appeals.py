"""Shared links show an appeal, too (C-12)."""

import sqlalchemy as sa
from alembic import op

revision = '0072_share_appeals'
down_revision = '0071_send_appeals'
branch_labels = None
depends_on = None

ONE_OF_THREE = (
    "CASE WHEN record_id IS NULL THEN 0 ELSE 1 END "
    "+ CASE WHEN bundle_id IS NULL THEN 0 ELSE 1 END "
    "+ CASE WHEN case_id IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    with op.batch_alter_table('shared_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('case_id', sa.Uuid(), nullable=True))
        batch_op.drop_constraint(batch_op.f('ck_shared_links_shows_one_thing'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_shared_links_shows_one_thing'), ONE_OF_THREE)
        batch_op.create_foreign_key(batch_op.f('fk_shared_links_organization_id_account_id_case_id'), 'appeal_cases', ['organization_id', 'account_id', 'case_id'], ['organization_id', 'account_id', 'id'], ondelete='CASCADE')


def downgrade() -> None:
    op.execute("DELETE FROM shared_links WHERE case_id IS NOT NULL")
    with op.batch_alter_table('shared_links', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_shared_links_organization_id_account_id_case_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_shared_links_shows_one_thing'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_shared_links_shows_one_thing'), "(record_id IS NULL) <> (bundle_id IS NULL)")
        batch_op.drop_column('case_id')
