"""Pages of compliance: hours, and what restricts an account."""

from portal.compliance.views import hours, restrictions
from portal.compliance.views.blueprint import bp

__all__ = ["bp", "hours", "restrictions"]
