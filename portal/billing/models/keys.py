"""Keys that tie rows of billing to an account of their own organization."""

from sqlalchemy import ForeignKeyConstraint


def of_account() -> ForeignKeyConstraint:
    """Tie a row to an account of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


def of_books() -> ForeignKeyConstraint:
    """Tie a row to the credit account it belongs to."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["credit_accounts.organization_id", "credit_accounts.account_id"],
        ondelete="RESTRICT",
    )
