"""0009_count_tries"""

import sqlalchemy as sa
from alembic import op

revision = '0009_count_tries'
down_revision = '0008_site_checks'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('tries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tries'))
    )
    with op.batch_alter_table('tries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tries_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index('ix_tries_key_hash_expires_at', ['key_hash', 'expires_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('tries', schema=None) as batch_op:
        batch_op.drop_index('ix_tries_key_hash_expires_at')
        batch_op.drop_index(batch_op.f('ix_tries_expires_at'))

    op.drop_table('tries')
