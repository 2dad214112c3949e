"""0028_hold_for_words"""

import sqlalchemy as sa
from alembic import op

revision = '0028_hold_for_words'
down_revision = '0027_check_webhooks'
branch_labels = None
depends_on = None

NOTICE_EN = (
    'We understood that you want no more texts, so we have stopped. Reply STOP to make it final, '
    'or START if we got that wrong.'
)
NOTICE_ES = (
    'Entendimos que no quiere más mensajes y dejamos de enviarlos. Responda STOP para confirmarlo '
    'o START si entendimos mal.'
)


def upgrade() -> None:
    op.create_table('revocation_holds',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=False),
    sa.Column('sid', sa.String(length=34), nullable=False),
    sa.Column('words', sa.String(length=300), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('held_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lapses_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by_id', sa.Uuid(), nullable=True),
    sa.Column('settled_by', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_revocation_holds_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'e164'], ['phone_numbers.organization_id', 'phone_numbers.e164'], name=op.f('fk_revocation_holds_organization_id_e164'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revocation_holds'))
    )
    with op.batch_alter_table('revocation_holds', schema=None) as batch_op:
        batch_op.create_index('ix_revocation_holds_by_end', ['organization_id', 'state', 'lapses_at', 'id'], unique=False)
        batch_op.create_index('ix_revocation_holds_by_number', ['account_id', 'e164', 'said_at'], unique=False)
        batch_op.create_index('uq_revocation_holds_standing', ['organization_id', 'e164', 'account_id'], unique=True, sqlite_where=sa.text("state = 'standing'"), postgresql_where=sa.text("state = 'standing'"))
    # In place, not in batches: SQLite would make these tables anew, and others point to them.
    op.add_column('conversations', sa.Column('is_held', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index('ix_conversations_held', 'conversations', ['account_id', 'last_at', 'id'], unique=False, sqlite_where=sa.text('is_held = 1'), postgresql_where=sa.text('is_held'))
    op.add_column('organizations', sa.Column('hold_notice_en', sa.String(length=480), server_default=NOTICE_EN, nullable=False))
    op.add_column('organizations', sa.Column('hold_notice_es', sa.String(length=480), server_default=NOTICE_ES, nullable=False))


def downgrade() -> None:
    op.drop_column('organizations', 'hold_notice_es')
    op.drop_column('organizations', 'hold_notice_en')
    op.drop_index('ix_conversations_held', 'conversations', sqlite_where=sa.text('is_held = 1'), postgresql_where=sa.text('is_held'))
    op.drop_column('conversations', 'is_held')
    op.drop_table('revocation_holds')
