"""The last webhook of each kind, and our own test calls."""

import sqlalchemy as sa
from alembic import op

revision = '0027_check_webhooks'
down_revision = '0026_take_cards'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_marks',
    sa.Column('scope_id', sa.Uuid(), nullable=False),
    sa.Column('route', sa.String(length=32), nullable=False),
    sa.Column('is_genuine', sa.Boolean(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=True),
    sa.Column('signed_url', sa.String(length=500), nullable=True),
    sa.Column('seen_url', sa.String(length=500), nullable=False),
    sa.Column('hops', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_webhook_marks_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('scope_id', 'route', 'is_genuine', name=op.f('pk_webhook_marks'))
    )
    op.create_table('webhook_checks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=True),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('signed_url', sa.String(length=500), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('arrived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seen_url', sa.String(length=500), nullable=False),
    sa.Column('hops', sa.Integer(), nullable=False),
    sa.Column('refusal', sa.String(length=200), nullable=False),
    sa.Column('answer', sa.Integer(), nullable=True),
    sa.Column('no_answer', sa.String(length=300), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_webhook_checks_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_checks')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_webhook_checks_token_hash'))
    )
    with op.batch_alter_table('webhook_checks', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_checks_newest', ['organization_id', 'asked_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('webhook_checks', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_checks_newest')
    op.drop_table('webhook_checks')
    op.drop_table('webhook_marks')
