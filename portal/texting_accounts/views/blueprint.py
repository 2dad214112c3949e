"""The blueprint of texting accounts."""

from flask import Blueprint

bp = Blueprint("texting_accounts", __name__)
