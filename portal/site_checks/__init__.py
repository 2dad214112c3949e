"""Checks of pages outside: is everything there that a carrier looks for (C-9)."""
