"""What goes with a text, or came with one (S-7)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

FILES: Final = "files"  # of a draft's options: the ids of its files, parted by commas


class Fetching(StrEnum):
    """Where an attachment of a text that came in stands."""

    WAITING = "waiting"
    KEPT = "kept"
    REFUSED = "refused"  # it is nothing we show
    LOST = "lost"  # the carrier has it no more, or never gave it


@dataclass(frozen=True, slots=True)
class MediaRef:
    """One attachment of a text: a file of ours, or what lies at an address of the carrier's."""

    url: str  # "" of a file of ours: the carrier gets a link when the text leaves
    content_type: str
    name: str = ""
    file: str = ""  # the id of a file of ours
    page: str = ""  # where it is seen by whom no picture reaches
    size: int = 0
    problem: str = ""  # why one that came in can't be shown

    @property
    def key(self) -> str:
        """Return what stands for exactly this attachment."""
        return self.file or self.url

    @property
    def is_picture(self) -> bool:
        """Say whether there is a small picture of it."""
        return bool(self.file) and self.content_type.startswith("image/")

    def stored(self) -> dict[str, Any]:
        """Return it as rows keep it."""
        kept = {"url": self.url, "content_type": self.content_type, "name": self.name}
        more = {"file": self.file, "page": self.page, "size": self.size, "problem": self.problem}
        return kept | {name: value for name, value in more.items() if value}
