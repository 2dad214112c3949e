"""National and state do-not-call lists, and what exempts from them (S-2)."""

import sqlalchemy as sa
from alembic import op

revision = '0042_keep_call_lists'
down_revision = '0041_check_news'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('dnc_numbers',
    sa.Column('key', BIG, autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_dnc_numbers'))
    )
    op.create_table('dnc_loads',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_dnc_loads_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dnc_loads')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_dnc_loads_organization_id_id')),
    sqlite_autoincrement=True
    )
    op.create_table('dnc_imports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.String(length=2), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('area_code', sa.String(length=3), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('stored_name', sa.String(length=100), nullable=False),
    sa.Column('size', BIG, nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('batches', sa.Integer(), nullable=False),
    sa.Column('position', BIG, nullable=False),
    sa.Column('load_id', sa.Integer(), nullable=True),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('removed', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.Column('areas', sa.JSON(), nullable=False),
    sa.Column('left_out', sa.JSON(), nullable=False),
    sa.Column('error', sa.String(length=500), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Uuid(), nullable=True),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'load_id'], ['dnc_loads.organization_id', 'dnc_loads.id'], name=op.f('fk_dnc_imports_organization_id_load_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_dnc_imports_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dnc_imports')),
    sa.UniqueConstraint('organization_id', 'id', name=op.f('uq_dnc_imports_organization_id_id'))
    )
    with op.batch_alter_table('dnc_imports', schema=None) as batch_op:
        batch_op.create_index('ix_dnc_imports_newest', ['organization_id', 'created_at'], unique=False)
        batch_op.create_index('uq_dnc_imports_loading', ['organization_id'], unique=True, sqlite_where=sa.text("state = 'loading'"), postgresql_where=sa.text("state = 'loading'"))
    op.create_table('dnc_areas',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.String(length=2), nullable=False),
    sa.Column('area_code', sa.String(length=3), nullable=False),
    sa.Column('load_id', sa.Integer(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('numbers', sa.Integer(), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'import_id'], ['dnc_imports.organization_id', 'dnc_imports.id'], name=op.f('fk_dnc_areas_organization_id_import_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id', 'load_id'], ['dnc_loads.organization_id', 'dnc_loads.id'], name=op.f('fk_dnc_areas_organization_id_load_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_dnc_areas_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dnc_areas')),
    sa.UniqueConstraint('organization_id', 'area_code', 'source', name=op.f('uq_dnc_areas_organization_id_area_code_source'))
    )
    op.create_table('dnc_leftovers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('first_key', BIG, nullable=False),
    sa.Column('last_key', BIG, nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dnc_leftovers'))
    )
    op.create_table('dnc_rejects',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.String(length=100), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'import_id'], ['dnc_imports.organization_id', 'dnc_imports.id'], name=op.f('fk_dnc_rejects_organization_id_import_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'place', name=op.f('pk_dnc_rejects'))
    )
    op.create_table('dnc_changes',
    sa.Column('load_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('number', BIG, autoincrement=False, nullable=False),
    sa.Column('is_removal', sa.Boolean(), nullable=False),
    sa.Column('changed_on', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('load_id', 'number', name=op.f('pk_dnc_changes'))
    )
    op.create_table('dnc_exemptions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=False),
    sa.Column('relation', sa.String(length=32), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=False),
    sa.Column('evidence', sa.String(length=500), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by_id', sa.Uuid(), nullable=True),
    sa.Column('recorded_by', sa.String(length=200), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=200), nullable=False),
    sa.Column('ended_because', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_dnc_exemptions_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dnc_exemptions'))
    )
    op.create_index('ix_dnc_exemptions_number', 'dnc_exemptions', ['organization_id', 'e164'], unique=False)
    op.create_table('dnc_checks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=False),
    sa.Column('checked_on', sa.Date(), nullable=False),
    sa.Column('how', sa.String(length=300), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by_id', sa.Uuid(), nullable=True),
    sa.Column('recorded_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_dnc_checks_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dnc_checks'))
    )
    op.create_index('ix_dnc_checks_number', 'dnc_checks', ['organization_id', 'e164', 'checked_on'], unique=False)


def downgrade() -> None:
    for table in ('dnc_checks', 'dnc_exemptions', 'dnc_changes', 'dnc_rejects', 'dnc_leftovers', 'dnc_areas', 'dnc_imports', 'dnc_loads', 'dnc_numbers'):
        op.drop_table(table)
