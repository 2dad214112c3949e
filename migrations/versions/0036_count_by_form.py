"""0036_count_by_form

Texts are counted by the form whose consent they rested on when they left; what is there is
counted. Until the new code runs none is added: `flask --app app recount` mends that.
"""

import sqlalchemy as sa
from alembic import op

revision = '0036_count_by_form'
down_revision = '0035_keep_counts_in_their_key'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('form_days',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('form_name', sa.String(length=200).with_variant(sa.String(length=200, collation='C'), 'postgresql'), nullable=False),
    sa.Column('form_version', sa.String(length=40).with_variant(sa.String(length=40, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=32), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('credits', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_form_days_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'day', 'form_name', 'form_version', 'stage', name=op.f('pk_form_days'))
    )
    op.execute(
        "INSERT INTO form_days (account_id, day, form_name, form_version, stage, organization_id, "
        "texts, segments, credits) "
        "SELECT m.account_id, m.day, r.form_name, r.form_version, "
        "CASE WHEN m.state = 'sent' THEN 'accepted' ELSE m.state END, m.organization_id, "
        "count(*), sum(m.segments), sum(m.credits) "
        "FROM messages m JOIN consent_records r ON r.id = m.consent_record_id "
        "WHERE m.day IS NOT NULL AND m.kind <> 'system' "
        "AND m.state IN ('accepted', 'sent', 'delivered', 'undelivered', 'failed') "
        "GROUP BY 1, 2, 3, 4, 5, 6"
    )


def downgrade() -> None:
    op.drop_table('form_days')
