"""When the notice of the day after a first text is due, and which text it became (S-4).

People who were first texted before there was this notice get none: nothing is due for them.
"""

import sqlalchemy as sa
from alembic import op

revision = '0055_notice_of_teams'
down_revision = '0054_keep_media'
branch_labels = None
depends_on = None

DUE = sa.text('team_due_at IS NOT NULL')


def upgrade() -> None:
    op.add_column('first_notices', sa.Column('team_due_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('first_notices', sa.Column('team_message_id', sa.Uuid(), nullable=True))
    op.create_index('ix_first_notices_team_due', 'first_notices', ['team_due_at', 'account_id', 'e164'], unique=False, sqlite_where=DUE, postgresql_where=DUE)


def downgrade() -> None:
    op.drop_index('ix_first_notices_team_due', 'first_notices', sqlite_where=DUE, postgresql_where=DUE)
    op.drop_column('first_notices', 'team_message_id')
    op.drop_column('first_notices', 'team_due_at')
