"""Counts whose rows lie in their key."""

from alembic import op

revision = '0035_keep_counts_in_their_key'
down_revision = '0034_find_stray_numbers'
branch_labels = None
depends_on = None

COUNTS = ('text_days', 'campaign_counts', 'received_days')


def upgrade() -> None:
    _rebuild(with_rowid=False)


def downgrade() -> None:
    _rebuild(with_rowid=True)


def _rebuild(*, with_rowid: bool) -> None:
    """Lay the tables anew on SQLite; PostgreSQL has nothing of the kind."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in COUNTS:
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_with_rowid": with_rowid}
        ):
            pass
