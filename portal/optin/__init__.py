"""Opt-in forms: built, published, served, and what they served kept as proof (C-2 to C-4)."""
