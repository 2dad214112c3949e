"""The blueprint of billing."""

from flask import Blueprint

bp = Blueprint("billing", __name__)
PER_PAGE = 50
