"""Every environment variable: what it is for, and what is wrong with a value (X-4)."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.fernet import Fernet

from portal.core.addresses import parts_of

_SID = re.compile(r"AC[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: what it is for, how it is checked, whether it is a secret."""

    name: str
    purpose: str
    check: Callable[[str], str | None]  # what is wrong with a value, or None
    is_secret: bool = False


def _any(_value: str) -> str | None:
    return None


def _database(value: str) -> str | None:
    ok = value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://"))
    return None if ok else "must start with sqlite:/// or postgresql://"


def _redis(value: str) -> str | None:
    ok = value.startswith(("redis://", "rediss://", "unix://"))
    return None if ok else "must start with redis://, rediss:// or unix://"


def _url(value: str) -> str | None:
    parts = parts_of(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an address such as https://texts.example.com"
    if parts.username or parts.password:
        return "must not hold a user name or password (it breaks webhook signatures)"
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "must be a scheme and a host alone, without a path"
    return None


def _base(value: str) -> str | None:
    parts = parts_of(value)
    return None if parts.scheme in {"http", "https"} and parts.hostname else "must be an address"


def _port(value: str) -> str | None:
    ok = value.isdecimal() and 1 <= int(value) <= 65534
    return None if ok else "must be a number from 1 to 65534"


def _count(value: str) -> str | None:
    return None if value.isdecimal() and int(value) < 10 else "must be a number from 0 to 9"


def _lag(value: str) -> str | None:
    ok = value.isdecimal() and int(value) <= 3600
    return None if ok else "must be a number of seconds from 0 to 3600"


def _account_sid(value: str) -> str | None:
    return None if _SID.match(value) else "must be AC and 32 hex digits"


def _long(value: str) -> str | None:
    return None if len(value) >= 32 else "must have at least 32 characters"


def _token(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9A-Za-z]{32}", value) else "must be 32 letters or digits"


def _keys(value: str) -> str | None:
    for key in value.split(","):
        try:
            Fernet(key.strip())
        except ValueError:
            return "must be Fernet keys (32 bytes as URL-safe base64), separated by commas"
    return None


def _signing_key(value: str) -> str | None:
    try:
        ok = len(base64.b64decode(value, validate=True)) == 32
    except (binascii.Error, ValueError):
        ok = False
    return None if ok else "must be 32 random bytes as base64"


def _stripe_key(value: str) -> str | None:
    ok = re.fullmatch(r"(sk|rk)_(test|live)_[0-9A-Za-z_]{8,240}", value)
    return None if ok else "must be a secret key such as sk_live_..., never a publishable one"


def _stripe_secrets(value: str) -> str | None:
    ok = all(
        re.fullmatch(r"whsec_[0-9A-Za-z+/=_-]{8,240}", one.strip()) for one in value.split(",")
    )
    return None if ok else "must be signing secrets such as whsec_..., separated by commas"


def _switch(value: str) -> str | None:
    return None if value in {"0", "1"} else "must be 1 or 0"


def _smtp(value: str) -> str | None:
    parts = parts_of(value)
    ok = parts.scheme in {"smtp", "smtps"} and parts.hostname
    return None if ok else "must look like smtp://user:password@mail.example.com:587"


def _tls(value: str) -> str | None:
    ok = value in {"tls", "starttls", "none"}
    return None if ok else "must be tls, starttls or none"


def _evidence(value: str) -> str | None:
    return None if value.startswith("file:///") else "must start with file:///"


def _email(value: str) -> str | None:
    ok = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value)
    return None if ok else "must be an e-mail address"


VARIABLES = (
    Variable("DATABASE_URL", "database; unset: SQLite in var/", _database, is_secret=True),
    Variable("REDIS_URL", "queue; unset: embedded Valkey in var/", _redis, is_secret=True),
    Variable("PORT", "port of the portal; the sandbox takes the next", _port),
    Variable("PUBLIC_URL", "address people and the carrier reach the portal at", _url),
    Variable(
        "SECRET_KEY", "signs forms and links; unset: made once in var/", _long, is_secret=True
    ),
    Variable("ENCRYPTION_KEYS", "encrypt carrier tokens, newest first", _keys, is_secret=True),
    Variable(
        "AUDIT_SIGNING_KEY",
        "signs checkpoints of the audit log; unset: made once in var/",
        _signing_key,
        is_secret=True,
    ),
    Variable(
        "ERASURE_PEPPER",
        "keys the hashes of erased numbers; unset: made once in var/; never change it",
        _long,
        is_secret=True,
    ),
    Variable("TIMESTAMP_URL", "RFC 3161 authority that stamps checkpoints; unset: none", _base),
    Variable("TRUSTED_PROXIES", "how many proxies in front add X-Forwarded headers", _count),
    Variable("TWILIO_ACCOUNT_SID", "carrier account; unset: the sandbox runs", _account_sid),
    Variable("TWILIO_AUTH_TOKEN", "its token", _token, is_secret=True),
    Variable("TWILIO_API_BASE", "another carrier address, for tests", _base),
    Variable(
        "LIST_LAG_SECONDS",
        "how long the carrier's lists of texts may miss what is new; unset: 900, or 0 beside the sandbox",
        _lag,
    ),
    Variable(
        "STRIPE_SECRET_KEY",
        "cards by Stripe; unset: invoices are written",
        _stripe_key,
        is_secret=True,
    ),
    Variable(
        "STRIPE_WEBHOOK_SECRETS",
        "signing secrets of Stripe's webhook, newest first",
        _stripe_secrets,
        is_secret=True,
    ),
    Variable("STRIPE_API_BASE", "another address for Stripe, for tests", _base),
    Variable("STRIPE_SANDBOX", "1: cards by the sandbox's stand-in for Stripe", _switch),
    Variable(
        "SMTP_URL", "mail server; unset: mail is kept for the outbox page", _smtp, is_secret=True
    ),
    Variable("SMTP_TLS", "tls, starttls or none; unset: tls for smtps://, else starttls", _tls),
    Variable("EVIDENCE_URL", "where files are kept; unset: var/evidence", _evidence),
    Variable("SUPPORT_EMAIL", "where appeals go", _email),
    Variable("SENDER_EMAIL", "the From address of mail", _email),
)
