"""Who of an account answers a conversation (Q-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0053_assign_conversations'
down_revision = '0052_write_tasks'
branch_labels = None
depends_on = None

NOBODYS = sa.text('assignee_id IS NULL')
SOMEBODYS = sa.text('assignee_id IS NOT NULL')


def upgrade() -> None:
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('assignee_id', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_conversations_organization_id_assignee_id'), 'memberships', ['organization_id', 'assignee_id'], ['organization_id', 'user_id'], ondelete='RESTRICT')
    op.create_index('ix_conversations_unassigned', 'conversations', ['account_id', 'last_at', 'id'], unique=False, sqlite_where=NOBODYS, postgresql_where=NOBODYS)
    op.create_index('ix_conversations_assigned', 'conversations', ['account_id', 'assignee_id', 'last_at', 'id'], unique=False, sqlite_where=SOMEBODYS, postgresql_where=SOMEBODYS)


def downgrade() -> None:
    op.drop_index('ix_conversations_assigned', 'conversations', sqlite_where=SOMEBODYS, postgresql_where=SOMEBODYS)
    op.drop_index('ix_conversations_unassigned', 'conversations', sqlite_where=NOBODYS, postgresql_where=NOBODYS)
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_conversations_organization_id_assignee_id'), type_='foreignkey')
        batch_op.drop_column('assignee_id')
