"""Links for the carrier: signed, for one file and one text, and over at a time (S15): pure."""

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from portal.media.errors import FileRefused
from portal.media.values import MOST_BYTES, MOST_FILES, Link

_SIGNED: Final = 36  # two ids and a time
_MARK: Final = 18  # 144 bits; all together fills its letters, so that none can be changed unseen
_LETTERS: Final = 72


def link_key(secret: str) -> bytes:
    """Return what links are signed with, made from the installation's secret."""
    return hmac.digest(secret.encode(), b"consentdesk links to media", hashlib.sha256)


def written(key: bytes, link: Link) -> str:
    """Return a link's token."""
    told = link.file_id.bytes + link.message_id.bytes
    told += struct.pack(">I", int(link.until.timestamp()))
    return base64.urlsafe_b64encode(told + _mark(key, told)).decode()


def read(key: bytes, token: str) -> Link | None:
    """Return what a token stands for; None where it is not one of ours, to the last letter."""
    if len(token) != _LETTERS or not token.isascii():
        return None
    try:
        whole = base64.b64decode(token, altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    told, mark = whole[:_SIGNED], whole[_SIGNED:]
    if not hmac.compare_digest(mark, _mark(key, told)):
        return None
    (until,) = struct.unpack(">I", told[32:])
    return Link(UUID(bytes=told[:16]), UUID(bytes=told[16:32]), datetime.fromtimestamp(until, UTC))


def check_room(sizes: list[int]) -> None:
    """Refuse more files, or more of them, than one text takes. Raises FileRefused (S-7)."""
    if len(sizes) > MOST_FILES:
        raise FileRefused(f"A text takes {MOST_FILES} files. Remove one first.")
    if sum(sizes) > MOST_BYTES:
        raise FileRefused(
            f"The files of a text hold {MOST_BYTES // 1_000_000} MB in all; with this one they would "
            f"have {sum(sizes) / 1_000_000:.1f} MB. Remove one, or save this one smaller."
        )


def _mark(key: bytes, told: bytes) -> bytes:
    return hmac.digest(key, told, hashlib.sha256)[:_MARK]
