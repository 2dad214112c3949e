"""The blueprint of the slice's pages."""

from flask import Blueprint

bp = Blueprint("appeals", __name__)
