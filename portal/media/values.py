"""Files of texts as pages and the outbox know them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

MOST_BYTES: Final = 5_000_000  # of all files of a text together (S-7)
MOST_FILES: Final = 10  # the carrier takes no more with one text
MOST_FETCHES: Final = 20  # of one file for one text (PROMISES 4 row 15)
SEEN_FOR: Final = timedelta(days=30)  # a file's own page, for whom no picture reaches


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file of an account."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    has_picture: bool
    stored_as: str
    token: str
    created_at: datetime

    @property
    def what(self) -> str:
        """Return what it is, in a word for people."""
        if self.media_type == "image/gif":
            return "moving picture"
        kind = self.media_type.partition("/")[0]
        return {"image": "picture", "video": "film", "text": "contact"}.get(kind, "PDF")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link for the carrier stands for: one file, one text, until then."""

    file_id: UUID
    message_id: UUID
    until: datetime
