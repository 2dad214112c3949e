"""Words people keep to use again: their own, a team's, or everybody's (Q-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0050_keep_saved_replies'
down_revision = '0049_ask_by_organization'
branch_labels = None
depends_on = None

OF_ONE = sa.text('archived_at IS NULL AND user_id IS NOT NULL')
OF_TEAM = sa.text('archived_at IS NULL AND team_id IS NOT NULL')
OF_ALL = sa.text('archived_at IS NULL AND user_id IS NULL AND team_id IS NULL')


def upgrade() -> None:
    op.create_table('saved_replies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('team_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('name_key', sa.String(length=240), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('user_id IS NULL OR team_id IS NULL', name=op.f('ck_saved_replies_one_keeper')),
    sa.ForeignKeyConstraint(['organization_id', 'team_id'], ['teams.organization_id', 'teams.id'], name=op.f('fk_saved_replies_organization_id_team_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'user_id'], ['memberships.organization_id', 'memberships.user_id'], name=op.f('fk_saved_replies_organization_id_user_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_saved_replies_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_replies'))
    )
    with op.batch_alter_table('saved_replies', schema=None) as batch_op:
        batch_op.create_index('ix_saved_replies_in_order', ['organization_id', 'name_key', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_saved_replies_team_id'), ['team_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_saved_replies_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_saved_replies_organization', ['organization_id', 'name_key'], unique=True, sqlite_where=OF_ALL, postgresql_where=OF_ALL)
        batch_op.create_index('uq_saved_replies_team_id', ['organization_id', 'team_id', 'name_key'], unique=True, sqlite_where=OF_TEAM, postgresql_where=OF_TEAM)
        batch_op.create_index('uq_saved_replies_user_id', ['organization_id', 'user_id', 'name_key'], unique=True, sqlite_where=OF_ONE, postgresql_where=OF_ONE)


def downgrade() -> None:
    op.drop_table('saved_replies')
