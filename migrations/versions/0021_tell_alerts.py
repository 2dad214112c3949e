"""0021_tell_alerts"""

import sqlalchemy as sa
from alembic import op

revision = '0021_tell_alerts'
down_revision = '0020_count_texts'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('credit_accounts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('limit_epoch', sa.Integer(), server_default='0', nullable=False))

    op.create_table('credit_alerts',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('limit_epoch', sa.Integer(), nullable=False),
    sa.Column('threshold', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.Column('remaining', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['credit_accounts.organization_id', 'credit_accounts.account_id'], name=op.f('fk_credit_alerts_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'month', 'limit_epoch', 'threshold', name=op.f('pk_credit_alerts'))
    )
    # What was reached before there were alerts is not told late, and no check-up misses it.
    for threshold in (80, 85, 90, 95, 100):
        op.execute(
            "INSERT INTO credit_alerts (account_id, month, limit_epoch, threshold, organization_id, state, used, remaining, at) "
            f"SELECT m.account_id, m.month, 0, {threshold}, m.organization_id, 'before', m.used + m.reserved, "
            "CASE WHEN a.available > 0 THEN a.available ELSE 0 END, CURRENT_TIMESTAMP "
            "FROM credit_months m JOIN credit_accounts a ON a.account_id = m.account_id "
            "WHERE m.used + m.reserved > 0 AND (m.used + m.reserved) * 100 >= "
            f"{threshold} * (m.used + m.reserved + CASE WHEN a.available > 0 THEN a.available ELSE 0 END)"
        )

    with op.batch_alter_table('notices', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mail_step', sa.String(length=32), server_default='done', nullable=False))
        batch_op.create_index('ix_notices_to_mail', ['mail_step', 'user_id'], unique=False, sqlite_where=sa.text("mail_step <> 'done'"), postgresql_where=sa.text("mail_step <> 'done'"))

    op.create_table('notice_preferences',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('by_mail', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_notice_preferences_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'kind', name=op.f('pk_notice_preferences'))
    )
    op.create_table('digest_schedules',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('hour', sa.Integer(), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.CheckConstraint('hour >= 0 AND hour <= 23', name=op.f('ck_digest_schedules_hour_of_a_day')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_digest_schedules_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_digest_schedules'))
    )
    with op.batch_alter_table('digest_schedules', schema=None) as batch_op:
        batch_op.create_index('ix_digest_schedules_next_at', ['next_at'], unique=False)


def downgrade() -> None:
    op.drop_table('digest_schedules')
    op.drop_table('notice_preferences')
    with op.batch_alter_table('notices', schema=None) as batch_op:
        batch_op.drop_index('ix_notices_to_mail', sqlite_where=sa.text("mail_step <> 'done'"), postgresql_where=sa.text("mail_step <> 'done'"))
        batch_op.drop_column('mail_step')

    op.drop_table('credit_alerts')
    with op.batch_alter_table('credit_accounts', schema=None) as batch_op:
        batch_op.drop_column('limit_epoch')
