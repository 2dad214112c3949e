"""Forwarding a number's calls, and what becomes of each call (N-8)."""

from portal.calls.service.counting import recount
from portal.calls.service.forwarding import ask, confirm, place, stop, take_back
from portal.calls.service.receiving import dialed, ended, ring

__all__ = ["ask", "confirm", "dialed", "ended", "place", "recount", "ring", "stop", "take_back"]
