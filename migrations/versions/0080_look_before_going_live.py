"""0080_look_before_going_live

What was last looked at before going live, what it brought back, and what only people know (X-1).
"""

import sqlalchemy as sa
from alembic import op

revision = '0080_look_before_going_live'
down_revision = '0079_count_in_indexes'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('go_live',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('run', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('asked_by_id', sa.Uuid(), nullable=True),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('backup_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('backup_by', sa.String(length=200), nullable=False),
    sa.Column('mail_key', sa.String(length=120), nullable=False),
    sa.Column('mail_to', sa.String(length=320), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_go_live_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_go_live'))
    )


def downgrade() -> None:
    op.drop_table('go_live')
