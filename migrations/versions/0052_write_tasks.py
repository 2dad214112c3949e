"""What there is to do, when, and about whom (P-1, S-6)."""

import sqlalchemy as sa
from alembic import op

revision = '0052_write_tasks'
down_revision = '0051_keep_plans'
branch_labels = None
depends_on = None

UNTOLD = sa.text('done_at IS NULL AND told_at IS NULL')


def upgrade() -> None:
    op.create_table('tasks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=True),
    sa.Column('for_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_by', sa.String(length=200), nullable=True),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.CheckConstraint('(done_at IS NULL) = (done_by IS NULL)', name=op.f('ck_tasks_done_by_somebody')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'contact_id'], ['contacts.organization_id', 'contacts.account_id', 'contacts.id'], name=op.f('fk_tasks_organization_id_account_id_contact_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_tasks_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'for_id'], ['memberships.organization_id', 'memberships.user_id'], name=op.f('fk_tasks_organization_id_for_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks')),
    sa.UniqueConstraint('account_id', 'key', name=op.f('uq_tasks_account_id_key'))
    )
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.create_index('ix_tasks_contact_id', ['contact_id', 'created_at'], unique=False)
        batch_op.create_index('ix_tasks_for_id', ['for_id'], unique=False)
        batch_op.create_index('ix_tasks_in_order', ['account_id', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_tasks_untold', ['due_at', 'id'], unique=False, sqlite_where=UNTOLD, postgresql_where=UNTOLD)


def downgrade() -> None:
    op.drop_table('tasks')
