"""The blueprint of do-not-call lists."""

from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, g

from portal.core import clock

bp = Blueprint("dnc", __name__)


def today() -> date:
    """Return the day of the organization."""
    return clock.utcnow().astimezone(ZoneInfo(g.organization.timezone)).date()
