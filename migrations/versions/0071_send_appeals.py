"""What goes to the carrier and comes back: sendings, replies, reminders, settings (A-5, A-6)."""

import sqlalchemy as sa
from alembic import op

revision = '0071_send_appeals'
down_revision = '0070_take_in_many'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('appeal_settings',
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('support_address', sa.String(length=254), nullable=False),
    sa.Column('answer_days', sa.Integer(), nullable=False),
    sa.Column('round_days', sa.Integer(), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('answer_days BETWEEN 1 AND 60', name=op.f('ck_appeal_settings_answer_in_time')),
    sa.CheckConstraint('round_days BETWEEN 1 AND 60', name=op.f('ck_appeal_settings_round_in_time')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_appeal_settings_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('organization_id', name=op.f('pk_appeal_settings'))
    )
    op.create_table('appeal_reminders',
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('urgency', sa.String(length=32), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'case_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_reminders_organization_id_account_id_case_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('case_id', 'due_at', 'urgency', name=op.f('pk_appeal_reminders'))
    )
    op.create_table('appeal_replies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('asked', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by_id', sa.Uuid(), nullable=True),
    sa.Column('recorded_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'case_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_replies_organization_id_account_id_case_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appeal_replies'))
    )
    with op.batch_alter_table('appeal_replies', schema=None) as batch_op:
        batch_op.create_index('ix_appeal_replies_case', ['case_id', 'recorded_at', 'id'], unique=False)

    op.create_table('appeal_sendings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('to_address', sa.String(length=254), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by_id', sa.Uuid(), nullable=True),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('number > 0', name=op.f('ck_appeal_sendings_numbers_count_from_one')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'case_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_sendings_organization_id_account_id_case_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appeal_sendings')),
    sa.UniqueConstraint('case_id', 'number', name=op.f('uq_appeal_sendings_case_id_number'))
    )
    with op.batch_alter_table('appeal_sendings', schema=None) as batch_op:
        batch_op.create_index('ix_appeal_sendings_by_state', ['state', 'moved_at', 'id'], unique=False)

    with op.batch_alter_table('appeal_files', schema=None) as batch_op:
        batch_op.add_column(sa.Column('about_id', sa.Uuid(), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('appeal_files', schema=None) as batch_op:
        batch_op.drop_column('about_id')

    with op.batch_alter_table('appeal_sendings', schema=None) as batch_op:
        batch_op.drop_index('ix_appeal_sendings_by_state')

    op.drop_table('appeal_sendings')
    with op.batch_alter_table('appeal_replies', schema=None) as batch_op:
        batch_op.drop_index('ix_appeal_replies_case')

    op.drop_table('appeal_replies')
    op.drop_table('appeal_reminders')
    op.drop_table('appeal_settings')
