"""The API's own rules: keys, shapes, problems, one effect for each key; and its document."""

from flask import Blueprint, jsonify
from flask import Response as FlaskResponse

from portal.core.access import open_to_all
from portal.integrations.api.document import document
from portal.integrations.api.operations import PREFIX

bp = Blueprint("api", __name__)


@bp.get(f"{PREFIX}/openapi.json")
@open_to_all
def openapi() -> FlaskResponse:
    """Describe every operation and webhook (SPEC 14)."""
    return jsonify(document())
