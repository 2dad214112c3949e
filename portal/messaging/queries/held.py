"""What a hold for a person's own words looks like: on their pages, and what it keeps back (Q-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from portal.consent import queries as consent
from portal.consent.queries import HoldRef
from portal.consent.rules import HELD
from portal.consent.values import HoldState
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import InboundText, Message
from portal.messaging.values import State

_SETTLED: Final = {
    HoldState.OPTED_OUT: ("Hold ended: opted out", "bad"),
    HoldState.LAPSED: ("Nobody looked in 10 business days: opted out", "bad"),
    HoldState.RELEASED: ("Hold released", "ok"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened beside the texts, for talks and timelines."""

    at: datetime
    title: str
    tone: str
    actor: str = ""
    body: str = ""

    @property
    def told(self) -> str:
        """Return it as one line of a talk."""
        by = f" by {self.actor}" if self.actor else ""
        return f"{self.title}{by}{': ' if self.actor and self.body else ' '}{self.body}".strip()


def moments(tenant: Tenant, e164s: Sequence[str]) -> list[Moment]:
    """Return when sending to some numbers was held for their words, and what came of it (Q-3)."""
    found = []
    for hold in consent.holds_of(tenant, e164s):
        said = f"“{hold.words}”" if hold.words else ""
        found.append(Moment(hold.held_at, "Sending held: asked to stop?", "bad", "", said))
        if hold.settled_at is not None:
            title, tone = _SETTLED[hold.state]
            found.append(Moment(hold.settled_at, title, tone, hold.settled_by, hold.reason))
    return found


def said_in(tenant: Tenant, hold: HoldRef) -> str:
    """Return the whole text that was read as a revocation."""
    body = db.session.scalar(
        select(InboundText.body).where(owned(tenant, InboundText), InboundText.sid == hold.sid)
    )
    return body or ""


def waiting_for(tenant: Tenant, e164: str) -> int:
    """Return how many texts of an account a hold keeps back."""
    return (
        db.session.scalar(
            select(func.count()).where(
                owned(tenant, Message),
                Message.e164 == e164,
                Message.state == State.HELD,
                Message.reason_code == HELD,
            )
        )
        or 0
    )
