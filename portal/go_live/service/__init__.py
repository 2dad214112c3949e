"""Verbs of going live: ask for a look, keep what it brought back, say what only people know."""

from portal.go_live.service.asking import ask, claim, keep, say_backed_up, send_test_mail, settle
from portal.go_live.service.looking import failed, looks

__all__ = ["ask", "claim", "failed", "keep", "looks", "say_backed_up", "send_test_mail", "settle"]
