"""0038_count_consents

Each record of consent gets the day it is counted on, the account's own day when it was kept, and
what is there is counted. Until the new code runs none is added: `flask --app app recount` mends
that, save for records without a day, which are not counted.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = '0038_count_consents'
down_revision = '0037_check_words'
branch_labels = None
depends_on = None

IN_THEIR_KEY = ('form_days', 'call_days')


def upgrade() -> None:
    op.add_column('consent_records', sa.Column('day', sa.Date(), nullable=True))
    op.create_table('consent_days',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('event', sa.String(length=32), nullable=False),
    sa.Column('method', sa.String(length=32), nullable=False),
    sa.Column('strength', sa.String(length=32), nullable=False),
    sa.Column('form_name', sa.String(length=200).with_variant(sa.String(length=200, collation='C'), 'postgresql'), nullable=False),
    sa.Column('form_version', sa.String(length=40).with_variant(sa.String(length=40, collation='C'), 'postgresql'), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_consent_days_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'day', 'event', 'method', 'strength', 'form_name', 'form_version', name=op.f('pk_consent_days')),
    sqlite_with_rowid=False,
    )
    op.create_table('standing_counts',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('strength', sa.String(length=32), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('numbers', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_standing_counts_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'strength', name=op.f('pk_standing_counts')),
    sqlite_with_rowid=False,
    )
    _name_days()
    _count()
    _rebuild(with_rowid=False)


def downgrade() -> None:
    _rebuild(with_rowid=True)
    op.drop_table('standing_counts')
    op.drop_table('consent_days')
    op.drop_column('consent_records', 'day')


def _name_days() -> None:
    """Give each record the day it was in its account's zone when it was kept."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.create_function(
            "local_day", 2, _local_day, deterministic=True
        )
        op.execute(
            "UPDATE consent_records SET day = local_day(recorded_at, "
            "(SELECT timezone FROM texting_accounts WHERE id = account_id))"
        )
        return
    op.execute(
        "UPDATE consent_records SET day = (consent_records.recorded_at AT TIME ZONE a.timezone)::date "
        "FROM texting_accounts a WHERE a.id = consent_records.account_id"
    )


def _local_day(at: str, zone: str) -> str:
    return f"{datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def _count() -> None:
    op.execute(
        "INSERT INTO consent_days (account_id, day, event, method, strength, form_name, "
        "form_version, organization_id, records) "
        "SELECT account_id, day, event, method, strength, form_name, form_version, "
        "organization_id, count(*) FROM consent_records WHERE day IS NOT NULL "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    )
    op.execute(
        "INSERT INTO standing_counts (account_id, strength, organization_id, numbers) "
        "SELECT account_id, strength, organization_id, count(*) FROM consent_standings "
        "GROUP BY 1, 2, 3"
    )


def _rebuild(*, with_rowid: bool) -> None:
    """Lay older counts anew in their key on SQLite; PostgreSQL has nothing of the kind."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in IN_THEIR_KEY:
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_with_rowid": with_rowid}
        ):
            pass
