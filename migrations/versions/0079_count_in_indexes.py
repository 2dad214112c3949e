"""What is unread and what waits for an answer is counted in their indexes alone (G6).

Each entry tells all that a count asks, so no row is read, and SQLite takes no other index for it.
"""

import sqlalchemy as sa
from alembic import op

revision = '0079_count_in_indexes'
down_revision = '0078_keep_dossiers'
branch_labels = None
depends_on = None

_VIEWS = (
    ('unread', 'unread', 'unread > 0', 'unread > 0'),
    ('unanswered', 'needs_answer', 'needs_answer = 1', 'needs_answer'),
)


def upgrade() -> None:
    for name, column, sqlite, postgresql in _VIEWS:
        _make(name, sqlite, postgresql, 'organization_id', column)


def downgrade() -> None:
    for name, _, sqlite, postgresql in _VIEWS:
        _make(name, sqlite, postgresql)


def _make(name: str, sqlite: str, postgresql: str, *told: str) -> None:
    where = {'sqlite_where': sa.text(sqlite), 'postgresql_where': sa.text(postgresql)}
    op.drop_index(f'ix_conversations_{name}', 'conversations', **where)
    op.create_index(f'ix_conversations_{name}', 'conversations', ['account_id', 'last_at', 'id', *told], **where)
