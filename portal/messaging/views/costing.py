"""What an answer being written costs one person (R-6)."""

from dataclasses import dataclass

from flask import g

from portal.core import clock
from portal.core.access import me
from portal.core.errors import DomainError
from portal.messaging.rules.plan import Plan, PlannedText
from portal.messaging.rules.segments import analyze
from portal.messaging.service import planning
from portal.messaging.values import Draft, Kind, MediaRef, Recipient
from portal.messaging.views.figures import visible

_UNITS = {"GSM-7": 160, "UCS-2": 70}
_WITH_MEDIA = {"GSM-7": 1_600, "UCS-2": 700}


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer would cost, or why it can't go as it is."""

    plan: Plan | None = None
    refusal: str = ""

    @property
    def text(self) -> PlannedText | None:
        """Return the one planned text."""
        return self.plan.texts[0] if self.plan and self.plan.texts else None

    @property
    def left(self) -> int | None:
        """Return how many characters are left at this price; None for a text in parts."""
        text = self.text
        if text is None or len(text.parts) != 1:
            return None
        sizes = _WITH_MEDIA if text.parts[0].media else _UNITS
        if not text.body:
            return sizes[text.encoding]
        counted = analyze(text.body)
        return -counted.units % sizes[counted.encoding]

    @property
    def forcing(self) -> tuple[str, ...]:
        """Return what made the text dear, as a page can show it."""
        return visible(self.plan.forcing) if self.plan and self.plan.forcing else ()


def cost_of(recipient: Recipient, body: str, files: tuple[MediaRef, ...] = ()) -> Cost:
    """Return what a text would cost for one person; an empty one costs nothing yet."""
    if not body.strip() and not files:
        return Cost()
    try:
        draft = Draft(body, Kind.ONE_TO_ONE, files)
        now = clock.utcnow()
        planned = planning.plan_for(g.account, recipient, draft, now, by=me().user_id)
        own = planned.share.gate(planned.credits) if planned.share else None
        return Cost(planned, own.sentence if own else "")
    except DomainError as error:
        return Cost(refusal=error.message)
