"""What puts people into plans by itself (P-1)."""

import sqlalchemy as sa
from alembic import op

revision = '0061_take_people_in'
down_revision = '0060_keep_restrictions'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('drip_triggers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('drip_id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('word', sa.String(length=50).with_variant(sa.String(length=50, collation='C'), 'postgresql'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_drip_triggers_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'drip_id'], ['drips.organization_id', 'drips.id'], name=op.f('fk_drip_triggers_organization_id_drip_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drip_triggers')),
    sa.UniqueConstraint('account_id', 'source', 'word', 'drip_id', name=op.f('uq_drip_triggers_account_id_source_word_drip_id'))
    )


def downgrade() -> None:
    op.drop_table('drip_triggers')
