"""How each account was judged last, and which wait with their bulk texts for a look (H-4, H-7)."""

import sqlalchemy as sa
from alembic import op

revision = '0066_watch_health'
down_revision = '0065_share_talks'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('health_marks',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('band', sa.String(length=32), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('judged_from', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_health_marks_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_health_marks'))
    )
    op.add_column('texting_accounts', sa.Column('bulk_pause', sa.String(length=500), nullable=True))
    with op.batch_alter_table('health_policies') as table:
        table.add_column(sa.Column('pause_least', sa.Integer(), nullable=False, server_default='200'))
        table.add_column(sa.Column('pauses', sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table('health_policies') as table:
        table.alter_column('pause_least', server_default=None)
        table.alter_column('pauses', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('health_policies') as table:
        table.drop_column('pauses')
        table.drop_column('pause_least')
    op.drop_column('texting_accounts', 'bulk_pause')
    op.drop_table('health_marks')
