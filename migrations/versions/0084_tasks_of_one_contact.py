"""The tasks of a contact that is deleted are found by the contact (P-1, G4).

Of two indexes that begin with one of the columns it looks for, SQLite takes the one made last: it
walked through all of the account's tasks, contact by contact.
"""

from alembic import op

revision = '0084_tasks_of_one_contact'
down_revision = '0083_words_of_one_contact'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_tasks_contact_id', 'tasks')
    op.create_index('ix_tasks_by_contact', 'tasks', ['account_id', 'contact_id', 'created_at'])


def downgrade() -> None:
    op.drop_index('ix_tasks_by_contact', 'tasks')
    op.create_index('ix_tasks_contact_id', 'tasks', ['contact_id', 'created_at'])
