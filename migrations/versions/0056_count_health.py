"""0056_count_health

What became of texts is counted by the hour in which they left, for each number, send and error
code, and each opt-out keeps the last text the person had got. What is there is counted, each
person by the latest opt-out. Until the new code runs none is added: `flask --app app recount`
mends that.
"""

import sqlalchemy as sa
from alembic import op

revision = '0056_count_health'
down_revision = '0055_notice_of_teams'
branch_labels = None
depends_on = None

GONE = "m.kind <> 'system' AND m.state IN ('accepted', 'sent', 'delivered', 'undelivered', 'failed')"
LEFT_AT = 'coalesce(m.submitted_at, m.created_at)'


def upgrade() -> None:
    op.create_table('health_hours',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('from_e164', sa.String(length=16), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('error_code', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('attempted', sa.Integer(), nullable=False),
    sa.Column('delivered', sa.Integer(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('opted_out', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_health_hours_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'hour', 'from_e164', 'campaign_id', 'error_code', name=op.f('pk_health_hours')),
    sqlite_with_rowid=False,
    )
    op.create_table('opt_out_causes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_opt_out_causes_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opt_out_causes'))
    )
    op.create_index('ix_opt_out_causes_by_time', 'opt_out_causes', ['account_id', 'said_at'], unique=False)
    _find_causes()
    _count()


def downgrade() -> None:
    op.drop_index('ix_opt_out_causes_by_time', table_name='opt_out_causes')
    op.drop_table('opt_out_causes')
    op.drop_table('health_hours')


def _find_causes() -> None:
    new_id = 'gen_random_uuid()' if _is_postgresql() else 'lower(hex(randomblob(16)))'
    op.execute(
        'INSERT INTO opt_out_causes (id, organization_id, account_id, message_id, said_at) '
        f'SELECT {new_id}, found.organization_id, found.account_id, found.message_id, '
        'found.stopped_at FROM (SELECT s.organization_id, s.account_id, s.stopped_at, '
        '(SELECT m.id FROM messages m WHERE m.account_id = s.account_id AND m.e164 = s.e164 '
        f'AND {GONE} AND {LEFT_AT} <= s.stopped_at '
        f'ORDER BY {LEFT_AT} DESC, m.position DESC, m.part DESC, m.id DESC LIMIT 1) AS message_id '
        'FROM consent_standings s WHERE s.stopped_at IS NOT NULL) AS found '
        'WHERE found.message_id IS NOT NULL'
    )


def _count() -> None:
    nobody = "'" + '0' * 32 + "'" + ('::uuid' if _is_postgresql() else '')
    campaign = f"CASE WHEN m.kind = 'bulk' THEN m.campaign_id ELSE {nobody} END"
    code = "CASE WHEN m.state IN ('undelivered', 'failed') THEN coalesce(m.error_code, 0) ELSE 0 END"
    number = "coalesce(m.from_e164, '')"
    op.execute(
        'INSERT INTO health_hours (account_id, hour, from_e164, campaign_id, error_code, '
        'organization_id, attempted, delivered, wrong, opted_out) '
        'SELECT account_id, hour, number, campaign, code, organization_id, sum(attempted), '
        'sum(delivered), sum(wrong), sum(opted_out) FROM ('
        f'SELECT m.account_id, {_hour_of(LEFT_AT)} AS hour, {number} AS number, '
        f'{campaign} AS campaign, {code} AS code, m.organization_id, 1 AS attempted, '
        "CASE WHEN m.state = 'delivered' THEN 1 ELSE 0 END AS delivered, "
        "CASE WHEN m.state IN ('undelivered', 'failed') THEN 1 ELSE 0 END AS wrong, "
        f'0 AS opted_out FROM messages m WHERE m.day IS NOT NULL AND {GONE} UNION ALL '
        f'SELECT m.account_id, {_hour_of("c.said_at")}, {number}, {campaign}, 0, '
        'm.organization_id, 0, 0, 0, 1 FROM opt_out_causes c JOIN messages m ON m.id = c.message_id'
        ') AS counted GROUP BY account_id, hour, number, campaign, code, organization_id'
    )


def _hour_of(at: str) -> str:
    if _is_postgresql():
        return f"date_trunc('hour', {at}, 'UTC')"
    return f"substr({at}, 1, 13) || ':00:00.000000'"


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == 'postgresql')
