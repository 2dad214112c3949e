"""Pages of compliance: hours, thresholds, and what restricts an account."""

from portal.compliance.views import hours, restrictions, thresholds
from portal.compliance.views.blueprint import bp

__all__ = ["bp", "hours", "restrictions", "thresholds"]
