"""0023_send_reports"""

import sqlalchemy as sa
from alembic import op

revision = '0023_send_reports'
down_revision = '0022_price_from_a_day'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('report_schedules',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('report', sa.String(length=32), nullable=False),
    sa.Column('rhythm', sa.String(length=32), nullable=False),
    sa.Column('file_kind', sa.String(length=32), nullable=False),
    sa.Column('reader_ids', sa.JSON(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_report_schedules_organization_id_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_report_schedules_organization_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_report_schedules_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_schedules'))
    )
    with op.batch_alter_table('report_schedules', schema=None) as batch_op:
        batch_op.create_index('ix_report_schedules_next_at', ['next_at'], unique=False)
        batch_op.create_index('ix_report_schedules_owner', ['organization_id', 'owner_id'], unique=False)


def downgrade() -> None:
    op.drop_table('report_schedules')
