"""Pages across slices: role homes, the list of accounts, reports."""

from portal.reports.views import accounts, health, homes, showing
from portal.reports.views.blueprint import bp

__all__ = ["accounts", "bp", "health", "homes", "showing"]
