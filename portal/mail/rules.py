"""What a mail may hold, when it is tried again, and by what it is known (PROMISES 3.7)."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Final

from portal.mail.errors import BadAddress, BadHeader

TRIES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180, 360, 720, 1440)
)
SUBJECT_CHARS: Final = 200
_ADDRESS: Final = re.compile(
    r"[^@\s,;:<>()\[\]\\\"]{1,64}@[^@\s,;:<>()\[\]\\\"]+\.[^@\s,;:<>()\[\]\\\"]+"
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def checked_header(name: str, value: str) -> str:
    """Return what may stand in a header. Raises BadHeader (PROMISES 4, row 23)."""
    if _CONTROL.search(value):
        raise BadHeader(name)
    return value


def checked_address(address: str) -> str:
    """Return an address mail can go to. Raises BadHeader or BadAddress."""
    checked_header("to", address)
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise BadAddress
    return address


def one_line(words: str) -> str:
    """Return words as one line that a header may hold, however they were typed."""
    return " ".join(_CONTROL.sub(" ", words).split())


def mail_key(key: str, to: str) -> str:
    """Return what makes a mail to an address one mail, as hex; its Message-ID begins with it."""
    return hashlib.sha256(f"{key}\0{to.lower()}".encode()).hexdigest()


def next_try(tries: int, now: datetime) -> datetime | None:
    """Return when a mail that was tried so often is tried again, or None: not any more."""
    return now + TRIES[tries - 1] if tries <= len(TRIES) else None
