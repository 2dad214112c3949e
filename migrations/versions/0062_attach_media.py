"""Which files went with a send, and which came with a text (S-7)."""

import sqlalchemy as sa
from alembic import op

revision = '0062_attach_media'
down_revision = '0061_take_people_in'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('media_files', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_used', sa.Boolean(), server_default=sa.false(), nullable=False))

    op.create_table('campaign_media',
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('file_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'campaign_id'], ['campaigns.account_id', 'campaigns.id'], name=op.f('fk_campaign_media_account_id_campaign_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['account_id', 'file_id'], ['media_files.account_id', 'media_files.id'], name=op.f('fk_campaign_media_account_id_file_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_campaign_media_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('campaign_id', 'file_id', name=op.f('pk_campaign_media'))
    )
    with op.batch_alter_table('campaign_media', schema=None) as batch_op:
        batch_op.create_index('ix_campaign_media_file_id', ['account_id', 'file_id'], unique=False)

    op.create_table('inbound_media',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('message_sid', sa.String(length=34), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('media_sid', sa.String(length=34), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('file_id', sa.Uuid(), nullable=True),
    sa.Column('problem', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'file_id'], ['media_files.account_id', 'media_files.id'], name=op.f('fk_inbound_media_account_id_file_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_inbound_media_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_media')),
    sa.UniqueConstraint('message_sid', 'position', name=op.f('uq_inbound_media_message_sid_position'))
    )
    with op.batch_alter_table('inbound_media', schema=None) as batch_op:
        batch_op.create_index('ix_inbound_media_file_id', ['account_id', 'file_id'], unique=False)
        batch_op.create_index('ix_inbound_media_waiting', ['next_try_at'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))



def downgrade() -> None:
    op.drop_table('inbound_media')
    op.drop_table('campaign_media')
    with op.batch_alter_table('media_files', schema=None) as batch_op:
        batch_op.drop_column('is_used')
