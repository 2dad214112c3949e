"""Invoices whole: who writes and who pays them, when they are due, paid or void (B-12)."""

import sqlalchemy as sa
from alembic import op

revision = '0018_write_invoices'
down_revision = '0017_count_coverage'
branch_labels = None
depends_on = None

ISSUER = 'ConsentDesk'
ACCOUNT = '(SELECT name FROM texting_accounts WHERE texting_accounts.id = invoices.account_id)'
BUYER = '(SELECT name FROM organizations WHERE organizations.id = invoices.organization_id)'


def upgrade() -> None:
    op.create_table('invoice_issuers',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('tax_number', sa.String(length=40), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('pay_to', sa.Text(), nullable=False),
    sa.Column('due_days', sa.Integer(), nullable=False),
    sa.CheckConstraint('due_days BETWEEN 0 AND 180', name=op.f('ck_invoice_issuers_due_in_time')),
    sa.CheckConstraint('id = 1', name=op.f('ck_invoice_issuers_one_issuer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice_issuers'))
    )
    op.create_table('billing_details',
    sa.Column('organization_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('tax_number', sa.String(length=40), nullable=False),
    sa.Column('order_number', sa.String(length=60), nullable=False),
    sa.Column('contact_email', sa.String(length=254), nullable=False),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_billing_details_organization_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('organization_id', name=op.f('pk_billing_details'))
    )
    with op.batch_alter_table('invoices', schema=None) as batch_op:
        batch_op.add_column(sa.Column('due_on', sa.Date(), nullable=True))
        for name, kind in (('seller_name', sa.String(length=120)), ('seller_lines', sa.Text()), ('pay_to', sa.Text()),
                           ('buyer_name', sa.String(length=120)), ('buyer_lines', sa.Text()), ('account_name', sa.String(length=120))):
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        batch_op.add_column(sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('closed_by', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('closing_note', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('paid_on', sa.Date(), nullable=True))

    is_sqlite = op.get_bind().dialect.name == 'sqlite'
    in_30_days = "date(created_at, '+30 days')" if is_sqlite else "(created_at + interval '30 days')::date"
    that_day = 'date(created_at)' if is_sqlite else 'created_at::date'
    op.execute(f"UPDATE invoices SET due_on = {in_30_days}, seller_name = '{ISSUER}', seller_lines = '', pay_to = '', buyer_lines = '', buyer_name = {BUYER}, account_name = {ACCOUNT}")
    op.execute("UPDATE invoices SET state = 'open' WHERE state = 'billed'")
    op.execute(f"UPDATE invoices SET closed_at = created_at, paid_on = {that_day} WHERE state = 'paid'")

    with op.batch_alter_table('invoices', schema=None) as batch_op:
        for name, kind in (('due_on', sa.Date()), ('seller_name', sa.String(length=120)), ('seller_lines', sa.Text()), ('pay_to', sa.Text()),
                           ('buyer_name', sa.String(length=120)), ('buyer_lines', sa.Text()), ('account_name', sa.String(length=120))):
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.create_check_constraint(batch_op.f('ck_invoices_closed_once_not_open'), "(state = 'open') = (closed_at IS NULL)")
        batch_op.create_index('ix_invoices_created_at', ['created_at', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('invoices', schema=None) as batch_op:
        batch_op.drop_index('ix_invoices_created_at')
        batch_op.drop_constraint(batch_op.f('ck_invoices_closed_once_not_open'), type_='check')
        for name in ('paid_on', 'closing_note', 'closed_by', 'closed_at', 'account_name', 'buyer_lines', 'buyer_name', 'pay_to',
                     'seller_lines', 'seller_name', 'due_on'):
            batch_op.drop_column(name)
    op.execute("UPDATE invoices SET state = 'billed' WHERE state <> 'paid'")

    op.drop_table('billing_details')
    op.drop_table('invoice_issuers')
