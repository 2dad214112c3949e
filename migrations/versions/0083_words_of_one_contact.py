"""The words of a contact that is deleted are found by the contact (K-7, G4).

SQLite took the index of words for them and walked through all of the account's, contact by contact.
"""

import sqlalchemy as sa
from alembic import op

revision = '0083_words_of_one_contact'
down_revision = '0082_read_after_the_lag'
branch_labels = None
depends_on = None

_NAME = 'ix_contact_words_account_id_word'
_COLUMNS = ['account_id', 'word', 'contact_id']


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.drop_index(_NAME, 'contact_words')
        op.create_index(_NAME, 'contact_words', _COLUMNS, sqlite_where=sa.text('word IS NOT NULL'))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.drop_index(_NAME, 'contact_words')
        op.create_index(_NAME, 'contact_words', _COLUMNS)
