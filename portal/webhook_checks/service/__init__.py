"""Believing webhooks, remembering the last of each kind, and calling ourselves to try."""

from portal.webhook_checks.service.believing import believe, believe_news, note_foreign_host
from portal.webhook_checks.service.checking import Call, arrive, begin, make, settle
from portal.webhook_checks.service.pointing import Look, astray, look, note_pointed, point

__all__ = [
    "Call",
    "Look",
    "arrive",
    "astray",
    "begin",
    "believe",
    "believe_news",
    "look",
    "make",
    "note_foreign_host",
    "note_pointed",
    "point",
    "settle",
]
