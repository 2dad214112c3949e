"""Hours that organizations tighten, and the rule of hours each text was judged by (P-3)."""

import sqlalchemy as sa
from alembic import op

revision = '0031_keep_hours'
down_revision = '0030_forward_calls'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('hour_edits',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.String(length=12), nullable=False),
    sa.Column('holds_from', sa.Date(), nullable=False),
    sa.Column('weekday', sa.String(length=11), nullable=True),
    sa.Column('saturday', sa.String(length=11), nullable=True),
    sa.Column('sunday', sa.String(length=11), nullable=True),
    sa.Column('bars_holidays', sa.Boolean(), nullable=False),
    sa.Column('closed_days', sa.JSON(), nullable=False),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_hour_edits_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hour_edits'))
    )
    with op.batch_alter_table('hour_edits', schema=None) as batch_op:
        batch_op.create_index('ix_hour_edits_in_order', ['organization_id', 'holds_from', 'set_at'], unique=False)
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('timing', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('hours', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.drop_column('hours')
        batch_op.drop_column('timing')
    op.drop_table('hour_edits')
