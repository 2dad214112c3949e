"""Somebody leaves: what they hold, what becomes of each of it, and that it is done (SPEC 1)."""
