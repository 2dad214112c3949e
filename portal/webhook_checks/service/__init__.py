"""Believing webhooks, remembering the last of each kind, and calling ourselves to try."""

from portal.webhook_checks.service.believing import believe, believe_news, note_foreign_host
from portal.webhook_checks.service.checking import arrive, call
from portal.webhook_checks.service.pointing import Look, astray, look, note_pointed, point

__all__ = [
    "Look",
    "arrive",
    "astray",
    "believe",
    "believe_news",
    "call",
    "look",
    "note_foreign_host",
    "note_pointed",
    "point",
]
