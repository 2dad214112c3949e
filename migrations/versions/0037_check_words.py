"""0037_check_words"""

import sqlalchemy as sa
from alembic import op

revision = '0037_check_words'
down_revision = '0036_count_by_form'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('lint_levels',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('rule', sa.String(length=20), nullable=False),
    sa.Column('level', sa.String(length=8), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by_id', sa.Uuid(), nullable=True),
    sa.Column('set_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_lint_levels_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lint_levels'))
    )
    with op.batch_alter_table('lint_levels', schema=None) as batch_op:
        batch_op.create_index('ix_lint_levels_in_order', ['organization_id', 'set_at', 'id'], unique=False)
    op.create_table('lint_reviews',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('body_hash', sa.String(length=64), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by_id', sa.Uuid(), nullable=True),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_lint_reviews_organization_id_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lint_reviews')),
    sa.UniqueConstraint('account_id', 'body_hash', name=op.f('uq_lint_reviews_account_id_body_hash'))
    )
    with op.batch_alter_table('lint_reviews', schema=None) as batch_op:
        batch_op.create_index('ix_lint_reviews_by_state', ['organization_id', 'state', 'asked_at', 'id'], unique=False)
    op.add_column('campaigns', sa.Column('lint', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('campaigns', 'lint')
    op.drop_table('lint_reviews')
    op.drop_table('lint_levels')
