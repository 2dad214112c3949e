"""0039_export_statements

A file says what it is about, and in which zone its days run; what is there is texts.
"""

import sqlalchemy as sa
from alembic import op

revision = '0039_export_statements'
down_revision = '0038_count_consents'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('text_exports', sa.Column('subject', sa.String(length=32), server_default='texts', nullable=False))
    op.add_column('text_exports', sa.Column('zone', sa.String(length=60), server_default='', nullable=False))
    op.add_column('text_exports', sa.Column('narrowed', sa.String(length=40), server_default='', nullable=False))
    op.execute(
        "UPDATE text_exports SET zone = "
        "(SELECT timezone FROM texting_accounts WHERE texting_accounts.id = text_exports.account_id)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM text_exports WHERE subject <> 'texts'")
    op.drop_column('text_exports', 'narrowed')
    op.drop_column('text_exports', 'zone')
    op.drop_column('text_exports', 'subject')
