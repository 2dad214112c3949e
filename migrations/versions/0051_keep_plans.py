"""Plans of an account, a team or an organization, their versions and steps (P-1)."""

import sqlalchemy as sa
from alembic import op

revision = '0051_keep_plans'
down_revision = '0050_keep_saved_replies'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('drips',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('team_id', sa.Uuid(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('name_key', sa.String(length=240), nullable=False),
    sa.Column('on_reply', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('state_reason', sa.String(length=300), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('account_id IS NULL OR team_id IS NULL', name=op.f('ck_drips_one_keeper')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_drips_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'team_id'], ['teams.organization_id', 'teams.id'], name=op.f('fk_drips_organization_id_team_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_drips_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drips')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_drips_organization_id_id'))
    )
    with op.batch_alter_table('drips', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_drips_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_drips_in_order', ['organization_id', 'name_key', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_drips_team_id'), ['team_id'], unique=False)
        batch_op.create_index('uq_drips_account_id', ['organization_id', 'account_id', 'name_key'], unique=True, sqlite_where=sa.text("state <> 'archived' AND account_id IS NOT NULL"), postgresql_where=sa.text("state <> 'archived' AND account_id IS NOT NULL"))
        batch_op.create_index('uq_drips_organization', ['organization_id', 'name_key'], unique=True, sqlite_where=sa.text("state <> 'archived' AND account_id IS NULL AND team_id IS NULL"), postgresql_where=sa.text("state <> 'archived' AND account_id IS NULL AND team_id IS NULL"))
        batch_op.create_index('uq_drips_team_id', ['organization_id', 'team_id', 'name_key'], unique=True, sqlite_where=sa.text("state <> 'archived' AND team_id IS NOT NULL"), postgresql_where=sa.text("state <> 'archived' AND team_id IS NOT NULL"))

    op.create_table('drip_versions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('drip_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'drip_id'], ['drips.organization_id', 'drips.id'], name=op.f('fk_drip_versions_organization_id_drip_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drip_versions')),
    sa.UniqueConstraint('drip_id', 'number', name=op.f('uq_drip_versions_drip_id_number')),
    sa.UniqueConstraint('organization_id', 'drip_id', 'id', name=op.f('uq_drip_versions_organization_id_drip_id_id')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_drip_versions_organization_id_id'))
    )
    op.create_table('drip_steps',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Integer(), nullable=False),
    sa.Column('at', sa.Time(), nullable=True),
    sa.Column('title', sa.String(length=150), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('missing', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'version_id'], ['drip_versions.organization_id', 'drip_versions.id'], name=op.f('fk_drip_steps_organization_id_version_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drip_steps')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_drip_steps_organization_id_id')),
    sa.UniqueConstraint('version_id', 'position', name=op.f('uq_drip_steps_version_id_position'))
    )


def downgrade() -> None:
    op.drop_table('drip_steps')
    op.drop_table('drip_versions')
    op.drop_table('drips')
