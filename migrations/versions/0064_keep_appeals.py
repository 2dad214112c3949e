"""Appeals of suspensions: templates, cases, their parts, files and history (A-2, A-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0064_keep_appeals'
down_revision = '0063_set_thresholds'
branch_labels = None
depends_on = None

OPEN = sa.text("state NOT IN ('reinstated', 'denied', 'withdrawn')")


def upgrade() -> None:
    op.create_table('appeal_templates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('headings', sa.JSON(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by_id', sa.Uuid(), nullable=True),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('version > 1', name=op.f('ck_appeal_templates_first_is_in_the_rules')),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_appeal_templates_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appeal_templates')),
    sa.UniqueConstraint('organization_id', 'kind', 'version', name=op.f('uq_appeal_templates_organization_id_kind_version'))
    )
    op.create_table('appeal_cases',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('restriction_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('previous_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('template_version', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('assignee_id', sa.Uuid(), nullable=True),
    sa.Column('assignee', sa.String(length=200), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('carrier_ticket', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('handed_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.CheckConstraint('round > 0', name=op.f('ck_appeal_cases_rounds_count_from_one')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'previous_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_cases_organization_id_account_id_previous_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'restriction_id'], ['restrictions.organization_id', 'restrictions.account_id', 'restrictions.id'], name=op.f('fk_appeal_cases_organization_id_account_id_restriction_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_appeal_cases_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appeal_cases')),
    sa.UniqueConstraint('organization_id', 'account_id', 'id', name=op.f('uq_appeal_cases_organization_id_account_id_id'))
    )
    with op.batch_alter_table('appeal_cases', schema=None) as batch_op:
        batch_op.create_index('ix_appeal_cases_account', ['account_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_appeal_cases_by_state', ['organization_id', 'state', 'due_at', 'id'], unique=False)
        batch_op.create_index('uq_appeal_cases_open', ['restriction_id'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)

    op.create_table('appeal_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=True),
    sa.Column('part', sa.Integer(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('by_id', sa.Uuid(), nullable=True),
    sa.Column('by_name', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'case_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_events_organization_id_account_id_case_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appeal_events')),
    sa.UniqueConstraint('case_id', 'position', name=op.f('uq_appeal_events_case_id_position'))
    )
    op.create_table('appeal_files',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=40), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('stored_as', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.CheckConstraint('size > 0', name=op.f('ck_appeal_files_size_positive')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'case_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_files_organization_id_account_id_case_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appeal_files')),
    sa.UniqueConstraint('stored_as', name=op.f('uq_appeal_files_stored_as'))
    )
    with op.batch_alter_table('appeal_files', schema=None) as batch_op:
        batch_op.create_index('ix_appeal_files_case', ['case_id', 'created_at', 'id'], unique=False)

    op.create_table('appeal_parts',
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('slot', sa.String(length=32), nullable=False),
    sa.Column('answer', sa.String(length=32), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('link', sa.String(length=500), nullable=False),
    sa.Column('numbers', sa.JSON(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_by', sa.String(length=200), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by = '')", name=op.f('ck_appeal_parts_confirmed_by_somebody')),
    sa.ForeignKeyConstraint(['organization_id', 'account_id', 'case_id'], ['appeal_cases.organization_id', 'appeal_cases.account_id', 'appeal_cases.id'], name=op.f('fk_appeal_parts_organization_id_account_id_case_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('case_id', 'number', name=op.f('pk_appeal_parts'))
    )


def downgrade() -> None:
    op.drop_table('appeal_parts')
    op.drop_table('appeal_files')
    op.drop_table('appeal_events')
    op.drop_table('appeal_cases')
    op.drop_table('appeal_templates')
