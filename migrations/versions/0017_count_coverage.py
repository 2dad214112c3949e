"""0017_count_coverage"""

import sqlalchemy as sa
from alembic import op

revision = '0017_count_coverage'
down_revision = '0016_confirm_sign_ups'
branch_labels = None
depends_on = None

IN_MOTION = 'stopped_at IS NOT NULL OR expires_at IS NOT NULL'


def upgrade() -> None:
    with op.batch_alter_table('consent_standings', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_standings_by_strength')
        batch_op.create_index('ix_consent_standings_counted', ['organization_id', 'account_id', 'strength'], unique=False)
        batch_op.create_index('ix_consent_standings_in_motion', ['organization_id', 'account_id', 'strength', 'stopped_at', 'started_at', 'expires_at'], unique=False, sqlite_where=sa.text(IN_MOTION), postgresql_where=sa.text(IN_MOTION))


def downgrade() -> None:
    with op.batch_alter_table('consent_standings', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_standings_in_motion', sqlite_where=sa.text(IN_MOTION), postgresql_where=sa.text(IN_MOTION))
        batch_op.drop_index('ix_consent_standings_counted')
        batch_op.create_index('ix_consent_standings_by_strength', ['account_id', 'strength'], unique=False)
