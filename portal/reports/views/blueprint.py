"""The blueprint of pages across slices."""

from flask import Blueprint

bp = Blueprint("reports", __name__)
