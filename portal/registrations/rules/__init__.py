"""Decisions of registering: no database, no clock."""
