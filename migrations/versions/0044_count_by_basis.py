"""0044_count_by_basis

Texts are counted by the consent they rested on when they left; what is there is counted. Until
the new code runs none is added: `flask --app app recount` mends that.
"""

import sqlalchemy as sa
from alembic import op

revision = '0044_count_by_basis'
down_revision = '0043_find_similar_texts'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('basis_days',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('method', sa.String(length=32), nullable=False),
    sa.Column('strength', sa.String(length=32), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('texts', sa.Integer(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('credits', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organization_id', 'account_id'], ['texting_accounts.organization_id', 'texting_accounts.id'], name=op.f('fk_basis_days_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('account_id', 'day', 'kind', 'method', 'strength', name=op.f('pk_basis_days')),
    sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO basis_days (account_id, day, kind, method, strength, organization_id, "
        "texts, segments, credits) "
        "SELECT m.account_id, m.day, m.kind, coalesce(r.method, ''), coalesce(r.strength, ''), "
        "m.organization_id, count(*), sum(m.segments), sum(m.credits) "
        "FROM messages m LEFT JOIN consent_records r ON r.id = m.consent_record_id "
        "WHERE m.day IS NOT NULL AND m.kind <> 'system' "
        "AND m.state IN ('accepted', 'sent', 'delivered', 'undelivered', 'failed') "
        "GROUP BY 1, 2, 3, 4, 5, 6"
    )


def downgrade() -> None:
    op.drop_table('basis_days')
