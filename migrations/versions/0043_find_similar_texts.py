"""0043_find_similar_texts"""

import sqlalchemy as sa
from alembic import op

revision = '0043_find_similar_texts'
down_revision = '0042_keep_call_lists'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('approved_templates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('sketch', sa.LargeBinary(), nullable=False),
    sa.Column('justification', sa.Text(), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by_id', sa.Uuid(), nullable=True),
    sa.Column('approved_by', sa.String(length=200), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.String(length=200), nullable=False),
    sa.Column('withdrawn_because', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_approved_templates_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approved_templates'))
    )
    with op.batch_alter_table('approved_templates', schema=None) as batch_op:
        batch_op.create_index('ix_approved_templates_in_order', ['organization_id', 'approved_at'], unique=False)
    op.create_table('similar_policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('numbers', sa.Integer(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by_id', sa.Uuid(), nullable=True),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_similar_policies_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_similar_policies'))
    )
    with op.batch_alter_table('similar_policies', schema=None) as batch_op:
        batch_op.create_index('ix_similar_policies_in_order', ['organization_id', 'set_at', 'id'], unique=False)
    op.create_table('text_groups',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('sketch', sa.LargeBinary(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('numbers', sa.Integer(), nullable=False),
    sa.Column('flagged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['account_id', 'campaign_id'], ['campaigns.account_id', 'campaigns.id'], name=op.f('fk_text_groups_account_id_campaign_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_text_groups_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_groups')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_text_groups_organization_id_id'))
    )
    with op.batch_alter_table('text_groups', schema=None) as batch_op:
        batch_op.create_index('ix_text_groups_by_numbers', ['organization_id', 'numbers'], unique=False)
        batch_op.create_index('ix_text_groups_last_at', ['last_at'], unique=False)
    op.create_table('unsorted_texts',
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('sketch', sa.LargeBinary(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'campaign_id'], ['campaigns.account_id', 'campaigns.id'], name=op.f('fk_unsorted_texts_account_id_campaign_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_unsorted_texts_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('campaign_id', name=op.f('pk_unsorted_texts'))
    )
    with op.batch_alter_table('unsorted_texts', schema=None) as batch_op:
        batch_op.create_index('ix_unsorted_texts_due_at', ['due_at', 'campaign_id'], unique=False)
    op.create_table('text_group_hours',
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=False),
    sa.Column('sent_by', sa.String(length=200), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.CheckConstraint('texts > 0', name=op.f('ck_text_group_hours_texts_positive')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_text_group_hours_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'group_id'], ['text_groups.organization_id', 'text_groups.id'], name=op.f('fk_text_group_hours_organization_id_group_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('group_id', 'hour', 'e164', 'sent_by', name=op.f('pk_text_group_hours'))
    )
    op.create_table('text_group_keys',
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'group_id'], ['text_groups.organization_id', 'text_groups.id'], name=op.f('fk_text_group_keys_organization_id_group_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('organization_id', 'key', 'group_id', name=op.f('pk_text_group_keys'))
    )
    with op.batch_alter_table('text_group_keys', schema=None) as batch_op:
        batch_op.create_index('ix_text_group_keys_group_id', ['group_id'], unique=False)


def downgrade() -> None:
    op.drop_table('text_group_keys')
    op.drop_table('text_group_hours')
    op.drop_table('unsorted_texts')
    op.drop_table('text_groups')
    op.drop_table('similar_policies')
    op.drop_table('approved_templates')
