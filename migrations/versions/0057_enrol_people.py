"""Who is in which plan, and each step taken for them (P-1)."""

import sqlalchemy as sa
from alembic import op

revision = '0057_enrol_people'
down_revision = '0056_count_health'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('drip_counts',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('step_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('drip_id', sa.Uuid(), nullable=False),
    sa.Column('runs', sa.Integer(), nullable=False),
    sa.Column('replies', sa.Integer(), nullable=False),
    sa.Column('opt_outs', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_drip_counts_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'step_id'], ['drip_steps.organization_id', 'drip_steps.id'], name=op.f('fk_drip_counts_organization_id_step_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'step_id', name=op.f('pk_drip_counts')),
    sqlite_with_rowid=False
    )
    op.create_table('drip_enrolments',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('drip_id', sa.Uuid(), nullable=False),
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=True),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('because', sa.String(length=32), nullable=True),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('enrolled_by_id', sa.Uuid(), nullable=True),
    sa.Column('enrolled_by', sa.String(length=200), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_step_id', sa.Uuid(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('look_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('waits_for', sa.String(length=40), nullable=False),
    sa.Column('waits_words', sa.String(length=300), nullable=False),
    sa.Column('last_step_id', sa.Uuid(), nullable=True),
    sa.Column('last_text_id', sa.Uuid(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("look_at IS NULL OR state = 'active'", name=op.f('ck_drip_enrolments_only_active_is_due')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'contact_id'], ['contacts.organization_id', 'contacts.account_id', 'contacts.id'], name=op.f('fk_drip_enrolments_organization_id_account_id_contact_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id', 'drip_id', 'version_id'], ['drip_versions.organization_id', 'drip_versions.drip_id', 'drip_versions.id'], name=op.f('fk_drip_enrolments_organization_id_drip_id_version_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'next_step_id'], ['drip_steps.organization_id', 'drip_steps.id'], name=op.f('fk_drip_enrolments_organization_id_next_step_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drip_enrolments')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_drip_enrolments_organization_id_id'))
    )
    with op.batch_alter_table('drip_enrolments', schema=None) as batch_op:
        batch_op.create_index('ix_drip_enrolments_by_contact', ['contact_id', 'started_at'], unique=False)
        batch_op.create_index('ix_drip_enrolments_by_number', ['organization_id', 'e164'], unique=False, sqlite_where=sa.text("state IN ('active', 'paused')"), postgresql_where=sa.text("state IN ('active', 'paused')"))
        batch_op.create_index('ix_drip_enrolments_due', ['look_at'], unique=False, sqlite_where=sa.text('look_at IS NOT NULL'), postgresql_where=sa.text('look_at IS NOT NULL'))
        batch_op.create_index('ix_drip_enrolments_in_order', ['drip_id', 'account_id', 'state', 'started_at', 'id'], unique=False)
        batch_op.create_index('uq_drip_enrolments_contact', ['drip_id', 'contact_id'], unique=True, sqlite_where=sa.text("state IN ('active', 'paused')"), postgresql_where=sa.text("state IN ('active', 'paused')"))
        batch_op.create_index('uq_drip_enrolments_number', ['account_id', 'drip_id', 'e164'], unique=True, sqlite_where=sa.text("state IN ('active', 'paused')"), postgresql_where=sa.text("state IN ('active', 'paused')"))

    op.create_table('drip_sends',
    sa.Column('campaign_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('drip_id', sa.Uuid(), nullable=False),
    sa.Column('step_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'campaign_id'], ['campaigns.account_id', 'campaigns.id'], name=op.f('fk_drip_sends_account_id_campaign_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_drip_sends_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'step_id'], ['drip_steps.organization_id', 'drip_steps.id'], name=op.f('fk_drip_sends_organization_id_step_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('campaign_id', name=op.f('pk_drip_sends'))
    )
    with op.batch_alter_table('drip_sends', schema=None) as batch_op:
        batch_op.create_index('ix_drip_sends_by_step', ['step_id', 'account_id'], unique=False)

    op.create_table('drip_runs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('enrolment_id', sa.Uuid(), nullable=False),
    sa.Column('step_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('ran_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.String(length=32), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'enrolment_id'], ['drip_enrolments.organization_id', 'drip_enrolments.id'], name=op.f('fk_drip_runs_organization_id_enrolment_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id', 'step_id'], ['drip_steps.organization_id', 'drip_steps.id'], name=op.f('fk_drip_runs_organization_id_step_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drip_runs')),
    sa.UniqueConstraint('enrolment_id', 'step_id', name=op.f('uq_drip_runs_enrolment_id_step_id'))
    )


def downgrade() -> None:
    op.drop_table('drip_runs')
    op.drop_table('drip_sends')
    op.drop_table('drip_enrolments')
    op.drop_table('drip_counts')
