"""Web Push: a short message only one browser can read, and who it is from (Q-5).

Encryption is RFC 8291 over RFC 8188 (aes128gcm), by the library of the standard's own authors; the
sender's proof is a token of RFC 8292 (VAPID). The way out is the one of webhooks: https, never inside.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TTL: Final = timedelta(days=1)  # then a push service may forget it
_PROOF_LASTS: Final = timedelta(hours=12)  # RFC 8292: a day at most
_RECORD: Final = 4096
_AUTH_BYTES: Final = 16
_POINT_BYTES: Final = 65
_SCALAR_BYTES: Final = 32
_CURVE: Final = ec.SECP256R1()


def new_key() -> str:
    """Return a new private key of an installation, as text to be sealed."""
    return _text_of_key(ec.generate_private_key(_CURVE))


def public_of(private: str) -> str:
    """Return the public key that browsers subscribe with."""
    return encode(_point(_key(private).public_key()))


def is_subscription(p256dh: str, auth: str) -> bool:
    """Say whether these are the keys of a browser: a point of the curve and 16 bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decode(p256dh))
        return len(decode(p256dh)) == _POINT_BYTES and len(decode(auth)) == _AUTH_BYTES
    except ValueError:
        return False


def sealed_for(
    message: Mapping[str, str], p256dh: str, auth: str, *, salt: bytes, once: str | None = None
) -> bytes:
    """Return a message as the body of a push that one browser alone can read (RFC 8291).

    `once` is the key pair of this one push; the test of the standard's own example brings it.
    """
    content = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return encrypted(content, p256dh, auth, salt=salt, once=once)


def encrypted(
    content: bytes, p256dh: str, auth: str, *, salt: bytes, once: str | None = None
) -> bytes:
    """Return bytes encrypted for a browser, in one record."""
    sealed: bytes = http_ece.encrypt(
        content,
        salt=salt,
        private_key=_key(once) if once else ec.generate_private_key(_CURVE),
        dh=decode(p256dh),
        auth_secret=decode(auth),
        rs=_RECORD,
    )
    return sealed


def headers(endpoint: str, private: str, contact: str, now: datetime) -> dict[str, str]:
    """Return what a push service wants to be told; `now` is real time, which it knows, too."""
    place = urlsplit(endpoint)
    claims = {
        "aud": f"{place.scheme}://{place.netloc}",
        "exp": int((now + _PROOF_LASTS).timestamp()),
        "sub": f"mailto:{contact}",
    }
    proof = jwt.encode(claims, _key(private), algorithm="ES256")
    return {
        "Authorization": f"vapid t={proof}, k={public_of(private)}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(int(TTL.total_seconds())),
        "Urgency": "high",
    }


def encode(raw: bytes) -> str:
    """Return bytes as browsers write them: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of such text. Raises ValueError."""
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _point(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _key(private: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(private)), _CURVE)


def _text_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    return encode(key.private_numbers().private_value.to_bytes(_SCALAR_BYTES))
