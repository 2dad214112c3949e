"""Calls to our numbers: forwarded to a verified phone, or told to text; counted apart (N-8)."""
