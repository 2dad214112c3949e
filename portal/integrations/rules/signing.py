"""How a webhook of ours is signed: the scheme of standardwebhooks.com, version v1.

HMAC-SHA256 over id, time and body, so that neither can be changed and an old delivery can't be
played again under a new time.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

SECRET_MARK: Final = "whsec_"  # noqa: S105 (the mark before a secret)
SECRET_BYTES: Final = 32


def show_secret(key: bytes) -> str:
    """Return a signing key as receivers' libraries take it."""
    return SECRET_MARK + base64.b64encode(key).decode()


def sign(secret: str, delivery_id: str, timestamp: int, body: str) -> str:
    """Return the signature of one delivery; timestamp is in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(SECRET_MARK))
    signed = f"{delivery_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets: Sequence[str], delivery_id: str, at: datetime, body: str) -> Mapping[str, str]:
    """Return the headers of one delivery tried at this time, signed with each secret that holds."""
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "ConsentDesk-Webhooks/1",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            sign(secret, delivery_id, timestamp, body) for secret in secrets
        ),
    }
