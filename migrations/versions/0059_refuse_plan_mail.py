"""Who wants no more e-mail of an organization's plans (P-1)."""

import sqlalchemy as sa
from alembic import op

revision = '0059_refuse_plan_mail'
down_revision = '0058_push_notices'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('drip_mail_refusals',
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=False),
    sa.Column('refused_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_drip_mail_refusals_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('organization_id', 'email_key', name=op.f('pk_drip_mail_refusals'))
    )


def downgrade() -> None:
    op.drop_table('drip_mail_refusals')
