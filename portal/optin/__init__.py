"""Opt-in forms: built, published in versions, served, and what people sent with them (C-2 to C-4)."""
