"""0078_keep_dossiers

Everything about an account as one ZIP for counsel: asked for by whom and why, and how far it is.
"""

import sqlalchemy as sa
from alembic import op

revision = '0078_keep_dossiers'
down_revision = '0077_tally_proof'
branch_labels = None
depends_on = None

_MOVING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table('dossiers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('counsel', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('first', sa.Date(), nullable=True),
    sa.Column('last', sa.Date(), nullable=True),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('files', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('missing', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('trouble', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('first <= last', name=op.f('ck_dossiers_days_in_order')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_dossiers_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossiers')),
    sa.UniqueConstraint('account_id', 'nonce', name=op.f('uq_dossiers_account_id_nonce'))
    )
    op.create_index('ix_dossiers_by_age', 'dossiers', ['account_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_dossiers_by_state', 'dossiers', ['state', 'moved_at'], unique=False)
    op.create_index('uq_dossiers_moving', 'dossiers', ['account_id'], unique=True, sqlite_where=_MOVING, postgresql_where=_MOVING)


def downgrade() -> None:
    op.drop_index('uq_dossiers_moving', table_name='dossiers')
    op.drop_index('ix_dossiers_by_state', table_name='dossiers')
    op.drop_index('ix_dossiers_by_age', table_name='dossiers')
    op.drop_table('dossiers')
