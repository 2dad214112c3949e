"""Checks other people's opt-in pages for the ten points of disclosure, once and every week (C-9)."""
