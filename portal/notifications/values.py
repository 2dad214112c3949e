"""What other slices and pages may hold of a notice."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """One notice to one person."""

    id: UUID
    organization_id: UUID | None
    account_id: UUID | None
    kind: str  # a word such as credits, lead, account
    title: str
    text: str
    url: str | None
    created_at: datetime
    read_at: datetime | None

    @property
    def is_unread(self) -> bool:
        """Say whether the person has not read it."""
        return self.read_at is None
