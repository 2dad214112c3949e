"""Keeping texts lawful: when automated texts may go, and under which rule (SPEC P-3)."""
