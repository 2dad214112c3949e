"""Cursors of keyset paging: where a page ended, as opaque text."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from portal.core.errors import BadInput


def write_moment(at: datetime, id_: UUID) -> str:
    """Return the cursor after a row of a list sorted by time and id."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode().rstrip("=")


def read_moment(cursor: str) -> tuple[datetime, UUID]:
    """Return the time and id of a cursor. Raises BadInput when it isn't one of ours."""
    at, _, id_ = _text(cursor).partition(" ")
    try:
        moment, id_read = datetime.fromisoformat(at), UUID(id_)
        if moment.tzinfo is None:
            raise _refusal()
        return moment.astimezone(UTC), id_read
    except (ValueError, OverflowError):
        raise _refusal() from None


def write_place(position: int, part: int) -> str:
    """Return the cursor after a row of a campaign."""
    return f"{position}.{part}"


def read_place(cursor: str) -> tuple[int, int]:
    """Return position and part of a cursor. Raises BadInput when it isn't one of ours."""
    position, _, part = cursor.partition(".")
    if not (position.isdecimal() and part.isdecimal()) or len(cursor) > 20:
        raise _refusal()
    return int(position), int(part)


def _text(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise _refusal() from None


def _refusal() -> BadInput:
    return BadInput("cursor: this page mark is damaged. Start from the first page.")
