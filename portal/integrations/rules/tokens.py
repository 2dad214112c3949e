"""What an API key looks like, and the hash kept in its place (ASVS v5.0.0-11.5.1).

A token is `cdk_`, twelve hex digits by which its row is found, and 256 random bits. They are
random already, so that one SHA-256 keeps them safe: there is nothing to guess.
"""

import hashlib
import hmac
import re
from typing import Final

_TOKEN: Final = re.compile(r"(cdk_[0-9a-f]{12})_[A-Za-z0-9_-]{43}")


def compose(place: str, secret: str) -> tuple[str, str]:
    """Return the prefix that is shown and the token that is not."""
    prefix = f"cdk_{place}"
    return prefix, f"{prefix}_{secret}"


def prefix_of(token: str) -> str | None:
    """Return the prefix of a token, None for what has not the form of one."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def fits(token: str, stored: str) -> bool:
    """Say whether a token is the one stored, in a time that tells nothing about it."""
    return hmac.compare_digest(digest(token), stored)
