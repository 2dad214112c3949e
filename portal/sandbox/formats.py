"""Shapes that Twilio gives to SIDs, dates, numbers and flags."""

import re
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime

from portal.core import clock

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d\d[2-9]\d{6}")
_DRESSING = re.compile(r"[\s().\-]")
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")


def now() -> float:
    """Return the carrier's time as seconds since 1970, offset included."""
    return clock.utcnow().timestamp()


def new_sid(prefix: str) -> str:
    """Return a fresh SID: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def is_sid(value: str, prefix: str) -> bool:
    """Say whether value is a SID of this kind."""
    return re.fullmatch(prefix + "[0-9a-fA-F]{32}", value) is not None


def rfc2822(at: float | None) -> str | None:
    """Return a date as the 2010 API writes it."""
    return None if at is None else format_datetime(datetime.fromtimestamp(int(at), UTC))


def iso8601(at: float) -> str:
    """Return a date as the newer hosts write it."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def e164(text: str) -> str | None:
    """Return the number as E.164, or None where no such number can exist."""
    plain = _DRESSING.sub("", text)
    if plain.isdigit() and len(plain) == len("13125550142") and plain.startswith("1"):
        plain = "+" + plain
    if plain.isdigit() and len(plain) == len("3125550142"):
        plain = "+1" + plain
    if not _E164.fullmatch(plain):
        return None
    if plain.startswith("+1") and not _NORTH_AMERICAN.fullmatch(plain):
        return None
    return plain


def is_toll_free(number: str) -> bool:
    """Say whether this is a North American toll-free number."""
    return number.startswith("+1") and number[2:5] in _TOLL_FREE


def national(number: str) -> str:
    """Return a number as people write it: (312) 555-0142."""
    if _NORTH_AMERICAN.fullmatch(number):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


def flag(text: str) -> bool:
    """Read a flag as Twilio's clients write it: true or True."""
    return text.lower() == "true"
