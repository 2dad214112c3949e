"""The people of a text being written, a part of a long list at a time, each with its mark (K-3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from portal.contacts.values import ContactRef, NumberRef
from portal.core.tenancy import Tenant
from portal.messaging import queries
from portal.messaging.rules.plan import Plan, PlannedText
from portal.messaging.values import DraftRef, Fate, Recipient
from portal.messaging.views.marks import Sign, sign_of

FIRST: Final = 12
PER_PAGE: Final = 120

View = Literal["", "all", "held", "blocked"]


@dataclass(frozen=True, slots=True)
class Look:
    """What the page shows of a long list, and what is searched for."""

    view: View = ""
    start: int = 0
    find: str = ""
    whole: bool = False  # reckon a long list, too


@dataclass(frozen=True, slots=True)
class Chip:
    """One person on the list as shown."""

    contact: ContactRef
    number: NumberRef | None
    state: str | None  # held, blocked
    sign: Sign | None
    choices: tuple[NumberRef, ...]  # several numbers a text could go to (K-2)


@dataclass(frozen=True, slots=True)
class Chips:
    """The part of the list that is shown."""

    rows: tuple[Chip, ...]
    matching: int
    start: int
    view: View
    size: int = 0

    @property
    def back(self) -> int:
        """Where the page before begins."""
        return max(0, self.start - self.size)

    @property
    def more(self) -> int:
        """How many are not shown after these."""
        return max(0, self.matching - self.start - len(self.rows))


def chips(
    tenant: Tenant,
    written: DraftRef,
    recipients: Sequence[Recipient],
    outlook: Plan | None,
    look: Look,
) -> Chips:
    """Return the part of a draft's list that is asked for, each with its mark."""
    if not recipients:  # a long list: read what is shown and no more
        size = PER_PAGE if look.view else FIRST
        ids = written.contact_ids[look.start : look.start + size]
        shown = queries.draft_recipients(tenant, replace(written, contact_ids=ids))
        rows = tuple(_chip(r, None) for r in shown)
        return Chips(rows, len(written.contact_ids), look.start, look.view, size)
    texts = outlook.texts if outlook else ()
    pairs = list(zip(recipients, texts, strict=True))
    if look.view in ("held", "blocked"):
        pairs = [(r, t) for r, t in pairs if t.outcome is Fate(look.view)]
    size = PER_PAGE if look.view else FIRST + 1 if len(pairs) == FIRST + 1 else FIRST
    start = min(look.start, max(0, len(pairs) - 1)) // size * size if look.view else 0
    return Chips(
        tuple(_chip(r, t) for r, t in pairs[start : start + size]),
        len(pairs),
        start,
        look.view,
        size,
    )


def no_chips() -> Chips:
    """Return the list of a page where nothing is written yet."""
    return Chips((), 0, 0, "")


def _chip(recipient: Recipient, text: PlannedText | None) -> Chip:
    textable = tuple(n for n in recipient.contact.numbers if n.is_textable)
    state = None if text is None or text.outcome is Fate.GO else text.outcome.value
    return Chip(
        recipient.contact,
        recipient.number,
        state,
        sign_of(text) if text else None,
        textable if len(textable) > 1 else (),
    )
