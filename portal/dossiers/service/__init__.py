"""Verbs of dossiers: ask, make, hand out, let go, forget."""
