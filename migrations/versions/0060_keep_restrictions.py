"""Every restriction of an account: who set it, why, and when it was lifted (H-6, A-1).

What holds at this moment is taken over from the accounts; who set it was not kept until now.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = '0060_keep_restrictions'
down_revision = '0059_refuse_plan_mail'
branch_labels = None
depends_on = None

OPEN = sa.text('lifted_at IS NULL')
KINDS = {'paused': 'pause', 'suspended': 'suspension', 'closed': 'closing'}


def upgrade() -> None:
    table = op.create_table('restrictions',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('organization_id', sa.Uuid(), nullable=False),
        sa.Column('account_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=32), nullable=False),
        sa.Column('cause', sa.String(length=32), nullable=True),
        sa.Column('reason', sa.String(length=500), nullable=True),
        sa.Column('set_by', sa.String(length=200), nullable=False),
        sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('lifted_by', sa.String(length=200), nullable=True),
        sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('lift_note', sa.String(length=500), nullable=True),
        sa.CheckConstraint('(lifted_at IS NULL) = (lifted_by IS NULL)', name=op.f('ck_restrictions_lifted_by_somebody')),
        sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_restrictions_organization_id_account_id'), ondelete='RESTRICT'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_restrictions')),
        sa.UniqueConstraint('organization_id', 'account_id', 'id', name=op.f('uq_restrictions_organization_id_account_id_id')),
    )
    op.create_index('ix_restrictions_account_id_set_at', 'restrictions', ['account_id', 'set_at', 'id'], unique=False)
    op.create_index('ux_restrictions_open', 'restrictions', ['account_id', 'kind'], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    accounts = sa.table('texting_accounts', sa.column('id', sa.Uuid()), sa.column('organization_id', sa.Uuid()), sa.column('state', sa.String()), sa.column('state_reason', sa.String()), sa.column('state_changed_at', sa.DateTime(timezone=True)))
    stopped = op.get_bind().execute(sa.select(accounts).where(accounts.c.state.in_(tuple(KINDS)))).all()
    if stopped:
        op.bulk_insert(table, [
            {'id': uuid4(), 'organization_id': row.organization_id, 'account_id': row.id, 'kind': KINDS[row.state], 'cause': None, 'reason': row.state_reason, 'set_by': 'not kept', 'set_at': row.state_changed_at, 'lifted_by': None, 'lifted_at': None, 'lift_note': None}
            for row in stopped
        ])


def downgrade() -> None:
    op.drop_table('restrictions')
