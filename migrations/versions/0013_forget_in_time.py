"""0013_forget_in_time

Erasures, legal holds, retention terms and sweeps (C-10, C-11), and checks of reassigned numbers (C-13).
"""

import sqlalchemy as sa
from alembic import op

revision = '0013_forget_in_time'
down_revision = '0012_carrier_consents'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _of_organization(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f(f'fk_{table}_organization_id'))


def upgrade() -> None:
    op.create_table('erasures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=True),
    sa.Column('last_digits', sa.String(length=2), nullable=False),
    sa.Column('number_hmac', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('evidence', sa.String(length=500), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('requested_by', sa.String(length=200), nullable=False),
    sa.Column('requested_at', MOMENT, nullable=False),
    sa.Column('erased_by', sa.String(length=200), nullable=False),
    sa.Column('erased_at', MOMENT, nullable=True),
    _of_organization('erasures'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasures'))
    )
    op.create_index('ix_erasures_by_age', 'erasures', ['organization_id', 'requested_at'])
    op.create_table('legal_holds',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('e164', sa.String(length=16), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.Column('set_at', MOMENT, nullable=False),
    sa.Column('release_reason', sa.String(length=500), nullable=False),
    sa.Column('release_asked_by_id', sa.Uuid(), nullable=True),
    sa.Column('release_asked_by', sa.String(length=200), nullable=False),
    sa.Column('release_asked_at', MOMENT, nullable=True),
    sa.Column('released_by', sa.String(length=200), nullable=False),
    sa.Column('released_at', MOMENT, nullable=True),
    _of_organization('legal_holds'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_holds'))
    )
    op.create_index('ix_legal_holds_by_organization', 'legal_holds', ['organization_id', 'released_at'])
    op.create_table('retention_policies',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('days', sa.JSON(), nullable=False),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.Column('set_at', MOMENT, nullable=False),
    _of_organization('retention_policies'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_policies')),
    sa.UniqueConstraint('organization_id', 'valid_from', 'set_at', name=op.f('uq_retention_policies_organization_id_valid_from_set_at'))
    )
    op.create_table('retention_sweeps',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('is_dry', sa.Boolean(), nullable=False),
    sa.Column('started_at', MOMENT, nullable=False),
    sa.Column('finished_at', MOMENT, nullable=True),
    sa.Column('counts', sa.JSON(), nullable=False),
    _of_organization('retention_sweeps'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_sweeps'))
    )
    op.create_index('ix_retention_sweeps_by_age', 'retention_sweeps', ['organization_id', 'started_at'])
    op.create_table('reassigned_checks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('checked', sa.Integer(), nullable=False),
    sa.Column('hits', sa.Integer(), nullable=False),
    sa.Column('no_data', sa.Integer(), nullable=False),
    sa.Column('unknown', sa.Integer(), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('at', MOMENT, nullable=False),
    _of_organization('reassigned_checks'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reassigned_checks'))
    )
    op.create_index('ix_reassigned_checks_by_age', 'reassigned_checks', ['organization_id', 'at'])


def downgrade() -> None:
    for table in ('reassigned_checks', 'retention_sweeps', 'retention_policies', 'legal_holds', 'erasures'):
        op.drop_table(table)
