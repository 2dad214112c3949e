"""The blueprint all views of notices share."""

from flask import Blueprint

bp = Blueprint("notifications", __name__)
