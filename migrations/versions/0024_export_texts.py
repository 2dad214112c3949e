"""0024_export_texts"""

import sqlalchemy as sa
from alembic import op

revision = '0024_export_texts'
down_revision = '0023_send_reports'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('text_exports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('first <= last', name=op.f('ck_text_exports_days_in_order')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_text_exports_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_exports')),
    sa.UniqueConstraint('account_id', 'nonce', name=op.f('uq_text_exports_account_id_nonce'))
    )
    with op.batch_alter_table('text_exports', schema=None) as batch_op:
        batch_op.create_index('ix_text_exports_by_age', ['account_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_text_exports_by_state', ['state', 'moved_at'], unique=False)


def downgrade() -> None:
    op.drop_table('text_exports')
