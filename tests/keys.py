"""Keys that are the same in every run."""

import base64
import hashlib


def fernet_key(text: str) -> str:
    """Return a Fernet key derived from text."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()


def signing_key(seed):
    """Return an Ed25519 seed for the audit log, the same for the same word."""
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()
