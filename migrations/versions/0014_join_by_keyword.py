"""0014_join_by_keyword"""

import sqlalchemy as sa
from alembic import op
import portal.core.columns

revision = '0014_join_by_keyword'
down_revision = '0013_forget_in_time'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('join_keywords',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('word', sa.String(length=20), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('programme', sa.String(length=120), nullable=False),
    sa.Column('frequency', sa.String(length=120), nullable=False),
    sa.Column('help_contact', sa.String(length=120), nullable=False),
    sa.Column('terms_url', sa.String(length=200), nullable=False),
    sa.Column('privacy_url', sa.String(length=200), nullable=False),
    sa.Column('kinds', sa.JSON(), nullable=False),
    sa.Column('language', sa.Enum('en', 'es', name='language', native_enum=False, length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('changed_at', portal.core.columns.UTCDateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_join_keywords_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_join_keywords'))
    )


def downgrade() -> None:
    op.drop_table('join_keywords')
