"""A second person's approval of a large send: when it is needed, and who may give it (S-12)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.core.formats import plural
from portal.messaging.values import Kind

SUGGESTED: Final = 1_000  # recipients; S-12
LEAST: Final = 2
MOST: Final = 50_000
OPEN_FOR: Final = timedelta(days=3)


class ApprovalState(StrEnum):
    """What became of a question for approval."""

    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


STATE_LABELS: Final = {
    ApprovalState.ASKED: "Waits for approval",
    ApprovalState.APPROVED: "Approved",
    ApprovalState.REJECTED: "Rejected",
    ApprovalState.WITHDRAWN: "Withdrawn",
    ApprovalState.EXPIRED: "Expired",
}


@dataclass(frozen=True, slots=True)
class Sum:
    """What a send comes to, as somebody is asked about it and again as they answer."""

    people: int
    credits: int
    blocked: int

    def changes(self, before: "Sum") -> list[str]:
        """Return in words what differs from what was asked for; empty: nothing does."""
        told = (
            ("texted", self.people, before.people, "person", "people"),
            ("left out", self.blocked, before.blocked, "person", "people"),
            ("to pay", self.credits, before.credits, "credit", "credits"),
        )
        return [
            f"{plural(now, one, many)} {what}, {was:,} when asked"
            for what, now, was, one, many in told
            if now != was
        ]


def is_needed(above: int | None, kind: Kind, people: int) -> bool:
    """Say whether a send to so many needs a second person; None: the policy is off."""
    return above is not None and kind is Kind.BULK and people > above


def expires_at(asked_at: datetime) -> datetime:
    """Return until when somebody may answer."""
    return asked_at + OPEN_FOR


def seconds(may_approve: Iterable[UUID], asker: UUID | None) -> list[UUID]:
    """Return who may approve: nobody approves what they asked for themselves."""
    return [each for each in dict.fromkeys(may_approve) if each != asker]
