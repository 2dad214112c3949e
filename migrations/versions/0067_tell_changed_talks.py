"""Conversations say when they changed, so that an open inbox asks one cheap question (Q-5)."""

import sqlalchemy as sa
from alembic import op

revision = '0067_tell_changed_talks'
down_revision = '0066_watch_health'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('conversations', sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_conversations_changed', 'conversations', ['account_id', 'changed_at'])


def downgrade() -> None:
    op.drop_index('ix_conversations_changed', table_name='conversations')
    op.drop_column('conversations', 'changed_at')
