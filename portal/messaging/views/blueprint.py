"""The blueprint of texting pages."""

from flask import Blueprint

bp = Blueprint("messaging", __name__)
