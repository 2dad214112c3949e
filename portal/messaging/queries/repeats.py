"""Which texts may be sent again, and what goes then (S-10, R-4, I9)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Row, or_, select

from portal.core.db import db
from portal.core.errors import DomainError
from portal.messaging.errors import SentAgainAlready, TooLate
from portal.messaging.models import Message
from portal.messaging.values import CANCELABLE, IN_DOUBT, Kind, State

Sent = Message | Row[*tuple[Any, ...]]  # a row of the session, or columns of one
T = TypeVar("T", bound=Sent)
EARLIER_PART: Final = "earlier_part"  # why a part ended: the one before it did not go out

REPEATABLE: Final = frozenset(
    {
        State.UNDELIVERED,
        State.FAILED,
        State.REJECTED,
        State.BLOCKED,
        State.CANCELED,
        State.UNCONFIRMED,
        State.EXPIRED,
    }
)
_NEVER_LEFT: Final = frozenset({State.REJECTED, State.BLOCKED, State.CANCELED, State.EXPIRED})
_ON_ITS_WAY: Final = CANCELABLE | IN_DOUBT


def related(found: Iterable[Sent]) -> list[Message]:
    """Return every part of the texts that may be sent again, and what was sent again, at once."""
    some = [row for row in found if _has_ended(row)]
    if not some:
        return []
    return list(
        db.session.scalars(
            select(Message).where(
                Message.account_id.in_({row.account_id for row in some}),
                Message.e164.in_({row.e164 for row in some}),
                or_(
                    Message.text_id.in_({row.text_id for row in some}),
                    Message.resend_of.is_not(None),
                ),
            )
        )
    )


def refusal(row: Sent, known: Sequence[Sent]) -> DomainError | None:
    """Return why a text can't be sent again, None when it can; `known` is what is related to it.

    Of a text, its resends and theirs at most one row can: whatever is pressed, the same text
    is never on its way twice (I9).
    """
    if not _has_ended(row):
        return TooLate("This text has arrived or is still on its way.")
    parts = _parts(row, known)
    ids = {part.id for part in parts}
    if any(again.resend_of in ids and again.state not in _NEVER_LEFT for again in known):
        return SentAgainAlready()
    if row.resend_of is not None and all(part.state in _NEVER_LEFT for part in parts):
        return TooLate("This one never left. Send the text it repeats again.")
    if any(part.state in _ON_ITS_WAY for part in parts):
        return TooLate("Another part of this text is still on its way.")
    if row.reason_code == EARLIER_PART or any(
        part.part < row.part and part.state in REPEATABLE for part in parts
    ):
        return TooLate("Send the first part that did not go out again: this one goes with it.")
    return None


def run(row: Sent, known: Sequence[T]) -> list[T]:
    """Return what goes when a part is sent again: it and the later ones that failed (R-4)."""
    return [p for p in _parts(row, known) if p.part >= row.part and p.state in REPEATABLE]


def is_doubtful(parts: Iterable[Sent]) -> bool:
    """Say whether sending these again may text the person twice (RULINGS 22)."""
    return any(part.state is State.UNCONFIRMED for part in parts)


def _has_ended(row: Sent) -> bool:
    return row.state in REPEATABLE and row.e164 is not None and row.kind is not Kind.SYSTEM


def _parts(row: Sent, known: Sequence[T]) -> list[T]:
    return sorted((p for p in known if p.text_id == row.text_id), key=lambda p: p.part)
