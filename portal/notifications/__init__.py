"""Notices to people: the bell, its list, and mail."""
