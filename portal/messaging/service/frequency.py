"""How often people were texted lately, by all numbers of an organization together (S-2)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, or_, select

from portal.compliance.rules.frequency import WINDOW
from portal.compliance.rules.policy import Rulebook
from portal.core.among import among
from portal.core.columns import Id
from portal.core.db import db
from portal.messaging.models import Message
from portal.messaging.rules.frequency import Caps, TooOften, too_often
from portal.messaging.values import ACCEPTED_FAMILY, IN_DOUBT, Kind, State

_MESSAGE: Final = cast(Table, Message.__table__).c
# What may have reached the person: on the safe side also what was not delivered in the end.
_MAY_HAVE_GONE: Final = ACCEPTED_FAMILY | IN_DOUBT | {State.UNCONFIRMED}
# What is held until somebody mends something has no time to reckon with.
_HAS_ITS_TIME: Final = or_(
    _MESSAGE.state.in_((State.QUEUED, State.CLAIMED)),
    and_(_MESSAGE.state == State.HELD, _MESSAGE.held_until.is_not(None)),
)
# Made once: building a statement costs more than asking it.
_COUNTED: Final = select(
    _MESSAGE.e164,
    _MESSAGE.text_id,
    _MESSAGE.state,
    _MESSAGE.submitted_at,
    _MESSAGE.held_until,
    _MESSAGE.not_before,
).where(
    _MESSAGE.organization_id == bindparam("organization", type_=Id()),
    among(_MESSAGE.e164, "numbers"),
    _MESSAGE.kind != Kind.SYSTEM,
    or_(_MESSAGE.kind != Kind.ONE_TO_ONE, _MESSAGE.is_reply.is_(False)),
)
_GONE: Final = and_(_MESSAGE.state.in_(_MAY_HAVE_GONE), _MESSAGE.submitted_at > bindparam("since"))
_ARE_GONE: Final = _COUNTED.where(_GONE)
_ARE_GONE_OR_WILL: Final = _COUNTED.where(or_(_GONE, _HAS_ITS_TIME))


class Lately:
    """The texts some people had lately, read once for up to 500, and whether one more may go."""

    def __init__(
        self, organization_id: UUID, book: Rulebook, now: datetime, *, foresees: bool = False
    ) -> None:
        """Judge by this book; `foresees` counts what waits to leave as well."""
        self._organization_id, self._now = organization_id, now
        self._caps = Caps(book)
        self._statement = _ARE_GONE_OR_WILL if foresees else _ARE_GONE
        self._texts: dict[str, dict[UUID, datetime]] = defaultdict(dict)

    def read(self, people: Iterable[tuple[str, str]], at: datetime) -> None:
        """Read what people, given as state and number, had; only those with a cap are asked for."""
        capped = {e164 for state, e164 in people if self._caps.of(at, state=state, e164=e164)}
        if not capped:
            return
        asked = {
            "organization": self._organization_id,
            "numbers": sorted(capped),
            "since": self._now - WINDOW,
        }
        for row in db.session.execute(self._statement, asked):
            is_gone = row.state in _MAY_HAVE_GONE
            at_last = row.submitted_at if is_gone else row.held_until or row.not_before
            self.note(row.e164, row.text_id, at_last if is_gone else max(at_last, self._now))

    def note(self, e164: str, text_id: UUID, at: datetime) -> None:
        """Count a text to somebody; its parts are one text (R-4)."""
        self._texts[e164][text_id] = at

    def too_often(
        self, at: datetime, *, state: str, e164: str, but: UUID | None = None
    ) -> TooOften | None:
        """Return what holds one more text at a time, `but` itself not counted; None: it may go."""
        cap = self._caps.of(at, state=state, e164=e164)
        if cap is None:
            return None
        texted = self._texts.get(e164, {})
        return too_often(at, cap, (when for text_id, when in texted.items() if text_id != but))
