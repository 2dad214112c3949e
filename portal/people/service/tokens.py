"""Capability tokens: 256 bits to the person, a hash to the database (RULINGS 21)."""

import hashlib
import secrets


def new_token() -> tuple[str, str]:
    """Return a fresh token and the hash to keep of it."""
    token = secrets.token_urlsafe(32)
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
