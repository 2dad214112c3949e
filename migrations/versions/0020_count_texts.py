"""0020_count_texts

Each text gets the day it is counted on, the account's own day of its confirm, and what is there
is counted. Until the new code runs, texts come in without a day: they are not counted.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = '0020_count_texts'
down_revision = '0019_write_mails_down'
branch_labels = None
depends_on = None

STAGES = (
    "CASE WHEN state IN ('queued', 'held', 'claimed', 'submitting', 'unknown') THEN 'waiting' "
    "WHEN state = 'sent' THEN 'accepted' ELSE state END"
)
CODE = "CASE WHEN state IN ('undelivered', 'failed', 'rejected') THEN coalesce(error_code, 0) ELSE 0 END"


def upgrade() -> None:
    op.add_column('messages', sa.Column('day', sa.Date(), nullable=True))
    op.add_column('inbound_texts', sa.Column('day', sa.Date(), nullable=True))
    op.create_table('text_days',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('stage', sa.String(length=32), nullable=False),
    sa.Column('error_code', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('credits', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_text_days_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'day', 'user_id', 'kind', 'stage', 'error_code', name=op.f('pk_text_days'))
    )
    op.create_table('campaign_counts',
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('stage', sa.String(length=32), nullable=False),
    sa.Column('error_code', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('credits', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'campaign_id'], ['campaigns.account_id', 'campaigns.id'], name=op.f('fk_campaign_counts_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_campaign_counts_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('campaign_id', 'stage', 'error_code', name=op.f('pk_campaign_counts'))
    )
    op.create_table('received_days',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('keyword', sa.String(length=8), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('credits', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_received_days_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'day', 'keyword', name=op.f('pk_received_days'))
    )
    _name_days()
    _count()


def downgrade() -> None:
    op.drop_table('received_days')
    op.drop_table('campaign_counts')
    op.drop_table('text_days')
    op.drop_column('inbound_texts', 'day')
    op.drop_column('messages', 'day')


def _name_days() -> None:
    """Give each text the day it was in its account's zone when it was confirmed, or came in."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.create_function(
            "local_day", 2, _local_day, deterministic=True
        )
        day = "local_day({at}, (SELECT timezone FROM texting_accounts WHERE id = account_id))"
        update = "UPDATE {table} SET day = " + day
    else:
        update = (
            "UPDATE {table} SET day = ({table}.{at} AT TIME ZONE a.timezone)::date "
            "FROM texting_accounts a WHERE a.id = {table}.account_id"
        )
    for table, at in (("messages", "created_at"), ("inbound_texts", "received_at")):
        op.execute(update.format(table=table, at=at))


def _local_day(at: str, zone: str) -> str:
    return f"{datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def _count() -> None:
    nobody = "'" + "0" * 32 + "'"
    if op.get_bind().dialect.name == "postgresql":
        nobody += "::uuid"
    sums = "count(*), sum(segments), sum(credits)"
    op.execute(
        "INSERT INTO text_days (account_id, day, user_id, kind, stage, error_code, "
        "organization_id, texts, segments, credits) "
        f"SELECT account_id, day, coalesce(created_by, {nobody}), kind, {STAGES}, {CODE}, "
        f"organization_id, {sums} FROM messages WHERE day IS NOT NULL "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
    op.execute(
        "INSERT INTO campaign_counts (campaign_id, stage, error_code, organization_id, "
        "account_id, texts, segments, credits) "
        f"SELECT campaign_id, {STAGES}, {CODE}, organization_id, account_id, {sums} "
        "FROM messages WHERE day IS NOT NULL AND kind = 'bulk' GROUP BY 1, 2, 3, 4, 5"
    )
    op.execute(
        "INSERT INTO received_days (account_id, day, keyword, organization_id, texts, segments, "
        f"credits) SELECT account_id, day, coalesce(keyword, ''), organization_id, {sums} "
        "FROM inbound_texts WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4"
    )
