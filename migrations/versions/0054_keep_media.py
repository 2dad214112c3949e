"""Files that go with texts or came with them, and how often the carrier fetched each (S-7, S15)."""

import sqlalchemy as sa
from alembic import op

revision = '0054_keep_media'
down_revision = '0053_assign_conversations'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('media_files',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('media_type', sa.String(length=40), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('has_picture', sa.Boolean(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('stored_as', sa.String(length=60), nullable=False),
    sa.Column('token', sa.String(length=32), nullable=False),
    sa.Column('token_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('created_by_name', sa.String(length=200), nullable=False),
    sa.CheckConstraint('size > 0', name=op.f('ck_media_files_size_positive')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_media_files_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media_files')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_media_files_account_id_id')),
    sa.UniqueConstraint('token', name=op.f('uq_media_files_token')),
    sa.UniqueConstraint('stored_as', name=op.f('uq_media_files_stored_as'))
    )
    with op.batch_alter_table('media_files', schema=None) as batch_op:
        batch_op.create_index('ix_media_files_by_age', ['organization_id', 'created_at', 'id'], unique=False)

    op.create_table('media_fetches',
    sa.Column('file_id', sa.Uuid(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['media_files.id'], name=op.f('fk_media_fetches_file_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('file_id', 'message_id', name=op.f('pk_media_fetches'))
    )


def downgrade() -> None:
    op.drop_table('media_fetches')
    op.drop_table('media_files')
