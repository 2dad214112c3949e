"""The page of a number's forwarding, and the webhooks of calls."""

from portal.calls.views import webhooks
from portal.calls.views.forwarding import bp

blueprints = (bp, webhooks.bp)
__all__ = ["blueprints", "bp", "webhooks"]
