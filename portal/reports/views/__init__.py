"""Pages across slices: role homes, the list of accounts, reports."""

from portal.reports.views import accounts, causes, health, homes, showing
from portal.reports.views.blueprint import bp

__all__ = ["accounts", "bp", "causes", "health", "homes", "showing"]
