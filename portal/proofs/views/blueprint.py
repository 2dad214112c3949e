"""The blueprint of proofs and what its pages share."""

from flask import Blueprint, current_app, request

from portal.core.errors import BadInput

bp = Blueprint("proofs", __name__)
ACCOUNT = "/accounts/<uuid:account_id>"
PER_PAGE = 50


def has(endpoint: str) -> bool:
    """Say whether a page of another slice is there."""
    return endpoint in current_app.view_functions


def argument(name: str, most: int = 200) -> str:
    """Return a query argument, without the spaces around it. Raises BadInput when it is too long."""
    text = request.args.get(name, "").strip()
    if len(text) > most or "\0" in text:
        raise BadInput(f"{name}: keep it to {most} characters of text.")
    return text
