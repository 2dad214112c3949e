"""Browsers that get pushes, what waits to reach them, and the key push services know us by (Q-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0058_push_notices'
down_revision = '0057_enrol_people'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('notice_preferences', sa.Column('by_push', sa.Boolean(), nullable=True))
    op.create_table('push_keys',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('private_sealed', sa.Text(), nullable=False),
    sa.Column('public', sa.String(length=100), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push_keys'))
    )
    op.create_table('push_devices',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=True),
    sa.Column('endpoint', sa.String(length=500), nullable=False),
    sa.Column('endpoint_hash', sa.String(length=64), nullable=False),
    sa.Column('p256dh', sa.String(length=100), nullable=False),
    sa.Column('auth', sa.String(length=40), nullable=False),
    sa.Column('browser', sa.String(length=100), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['sessions.id'], name=op.f('fk_push_devices_session_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_push_devices_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push_devices')),
    sa.UniqueConstraint('endpoint_hash', name=op.f('uq_push_devices_endpoint_hash'))
    )
    op.create_index(op.f('ix_push_devices_session_id'), 'push_devices', ['session_id'], unique=False)
    op.create_index(op.f('ix_push_devices_user_id'), 'push_devices', ['user_id'], unique=False)
    op.create_table('pushes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('device_id', sa.Uuid(), nullable=False),
    sa.Column('notice_id', sa.Uuid(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['device_id'], ['push_devices.id'], name=op.f('fk_pushes_device_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['notice_id'], ['notices.id'], name=op.f('fk_pushes_notice_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pushes')),
    sa.UniqueConstraint('device_id', 'notice_id', name=op.f('uq_pushes_device_id_notice_id'))
    )
    op.create_index('ix_pushes_next_at', 'pushes', ['next_at', 'id'], unique=False)
    op.create_index(op.f('ix_pushes_notice_id'), 'pushes', ['notice_id'], unique=False)


def downgrade() -> None:
    op.drop_table('pushes')
    op.drop_table('push_devices')
    op.drop_table('push_keys')
    op.drop_column('notice_preferences', 'by_push')
