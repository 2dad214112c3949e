"""The blueprint of opt-in forms and what its pages share."""

from uuid import UUID

from flask import Blueprint, g

from portal.optin import queries
from portal.optin.values import FormRef

bp = Blueprint("optin", __name__)


def form_of_account(form_id: UUID) -> FormRef:
    """Return one form of the account in the address. Raises NotFound."""
    return queries.form_or_404(g.account.tenant, form_id)
