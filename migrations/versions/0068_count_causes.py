"""0068_count_causes

What became of texts is counted further apart: by who sent them and where the consent came from.
What is there is counted. Until the new code runs none is added: `flask --app app recount` mends
that.
"""

import sqlalchemy as sa
from alembic import op

revision = '0068_count_causes'
down_revision = '0067_tell_changed_talks'
branch_labels = None
depends_on = None

GONE = "m.kind <> 'system' AND m.state IN ('accepted', 'sent', 'delivered', 'undelivered', 'failed')"
LEFT_AT = 'coalesce(m.submitted_at, m.created_at)'
KEY = 'account_id, hour, campaign_id, user_id, import_id, form_name, method, from_e164, error_code'


def upgrade() -> None:
    op.create_table('cause_hours',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('form_name', sa.String(length=200).with_variant(sa.String(length=200, collation='C'), 'postgresql'), nullable=False),
    sa.Column('method', sa.String(length=32), nullable=False),
    sa.Column('from_e164', sa.String(length=16), nullable=False),
    sa.Column('error_code', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('attempted', sa.Integer(), nullable=False),
    sa.Column('delivered', sa.Integer(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('opted_out', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_cause_hours_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'hour', 'campaign_id', 'user_id', 'import_id', 'form_name', 'method', 'from_e164', 'error_code', name=op.f('pk_cause_hours')),
    sqlite_with_rowid=False,
    )
    _count()


def downgrade() -> None:
    op.drop_table('cause_hours')


def _count() -> None:
    nobody = "'" + '0' * 32 + "'" + ('::uuid' if _is_postgresql() else '')
    code = "CASE WHEN m.state IN ('undelivered', 'failed') THEN coalesce(m.error_code, 0) ELSE 0 END"
    has_form = "coalesce(r.form_name, '') <> ''"
    shared = (
        f"CASE WHEN m.kind IN ('bulk', 'plan') THEN m.campaign_id ELSE {nobody} END AS campaign_id, "
        f'coalesce(m.created_by, {nobody}) AS user_id, '
        f'coalesce(r.import_id, {nobody}) AS import_id, '
        "CASE WHEN r.import_id IS NOT NULL THEN '' ELSE coalesce(r.form_name, '') END AS form_name, "
        f"CASE WHEN r.import_id IS NOT NULL OR {has_form} THEN '' ELSE coalesce(r.method, '') END "
        "AS method, coalesce(m.from_e164, '') AS from_e164"
    )
    op.execute(
        f'INSERT INTO cause_hours ({KEY}, organization_id, attempted, delivered, wrong, opted_out) '
        f'SELECT {KEY}, organization_id, sum(attempted), sum(delivered), sum(wrong), sum(opted_out) '
        f'FROM (SELECT m.account_id, {_hour_of(LEFT_AT)} AS hour, {shared}, {code} AS error_code, '
        'm.organization_id, 1 AS attempted, '
        "CASE WHEN m.state = 'delivered' THEN 1 ELSE 0 END AS delivered, "
        "CASE WHEN m.state IN ('undelivered', 'failed') THEN 1 ELSE 0 END AS wrong, 0 AS opted_out "
        'FROM messages m LEFT JOIN consent_records r ON r.id = m.consent_record_id '
        f'WHERE m.day IS NOT NULL AND {GONE} UNION ALL '
        f'SELECT m.account_id, {_hour_of("c.said_at")}, {shared}, 0, m.organization_id, 0, 0, 0, 1 '
        'FROM opt_out_causes c JOIN messages m ON m.id = c.message_id '
        'LEFT JOIN consent_records r ON r.id = m.consent_record_id'
        f') AS counted GROUP BY {KEY}, organization_id'
    )


def _hour_of(at: str) -> str:
    if _is_postgresql():
        return f"date_trunc('hour', {at}, 'UTC')"
    return f"substr({at}, 1, 13) || ':00:00.000000'"


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == 'postgresql')
