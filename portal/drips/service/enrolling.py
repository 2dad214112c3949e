"""Putting people into plans: once at a time, and nobody who opted out (P-1, Q-2).

Their numbers are locked as a STOP locks them, and then the plan: whoever archives it or opts out
in the same moment comes wholly before, and is seen here, or wholly after, and ends the place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table

from portal.consent import queries as consent
from portal.consent.values import Standing
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.values import ContactRef, Selection
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.errors import BadInput
from portal.core.many_rows import insert_rows
from portal.drips.errors import DripArchived
from portal.drips.models import DripEnrolment
from portal.drips.queries import enrolments as queries
from portal.drips.queries import library
from portal.drips.rules import timing
from portal.drips.values import (
    MOST_AT_ONCE,
    DripRef,
    DripState,
    Enrolled,
    EnrolmentState,
    Source,
)
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_ENROLMENTS: Final = cast(Table, DripEnrolment.__table__)


# Why somebody is not put into a plan, as the preview says it.
IN_IT: Final = "In this plan already"
NUMBER_IN_IT: Final = "Somebody else with this number is in it"
OPTED_OUT: Final = "Opted out"


@dataclass(frozen=True, slots=True)
class Sorted:
    """People who can be put into a plan, with the number texts would go to, and who can't and why."""

    fresh: list[tuple[ContactRef, str | None]]
    left_out: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """People being put into one plan."""

    account: AccountRef
    drip: DripRef
    source: Source
    actor: Actor
    now: datetime


def enrol(
    account: AccountRef,
    drip_id: UUID,
    contact_ids: Sequence[UUID],
    *,
    source: Source = Source.HAND,
    actor: Actor,
) -> Enrolled:
    """Put people of the account into a plan, at its first step, and say what became of them.

    Who is in it already stays where they are; who opted out is left out; whoever was in it before
    begins anew. A paused plan takes people in, and begins with them when it goes on. Raises
    NotFound, DripArchived, AccountClosed, or BadInput for more than 5,000 at once.
    """
    accounts.check_open(account.id)
    wanted = list(dict.fromkeys(contact_ids))
    if len(wanted) > MOST_AT_ONCE:
        raise BadInput(
            f"{len(wanted):,} people at once are too many. Enrol at most {MOST_AT_ONCE:,}."
        )
    people = contacts.by_ids(account.tenant, wanted)
    e164s = [person.preferred.e164 for person in people if person.preferred]
    contact_service.lock_numbers(account.organization_id, [e164 for e164 in e164s if e164])
    drip = library.held_still(account.organization_id, drip_id)
    check_usable(account, drip)
    entry = _Entry(account, drip, source, actor, clock.utcnow())
    total, numbers = Enrolled(0, 0, 0), set[str]()
    for found in _chunks(people):
        some = _enrol_some(entry, found, numbers)
        total = Enrolled(*(a + b for a, b in zip(_told(total), _told(some), strict=True)))
    if total.enrolled:
        audit.record(
            "drips:enrolment:enrol",
            actor=actor,
            organization_id=account.organization_id,
            account_id=account.id,
            subject_id=drip.id,
            people=total.enrolled,
            version=drip.version,
            source=source,
            **({"contact": str(wanted[0])} if len(wanted) == 1 else {}),
        )
    return total


def enrol_selection(
    account: AccountRef, drip_id: UUID, selection: Selection, *, actor: Actor
) -> Enrolled:
    """Put everybody in a selection into a plan (K-4). Raises what `enrol` raises."""
    ids = chosen(account, selection)
    return enrol(account, drip_id, ids, source=Source.BULK, actor=actor)


def chosen(account: AccountRef, selection: Selection) -> list[UUID]:
    """Return whom a selection holds, and read no more than may be enrolled at once.

    Raises BadInput for more than 5,000.
    """
    found = chain.from_iterable(contacts.selected_ids(account.tenant, selection))
    ids = list(islice(found, MOST_AT_ONCE + 1))
    if len(ids) > MOST_AT_ONCE:
        raise BadInput(f"Enrol at most {MOST_AT_ONCE:,} people at once. Narrow the filter.")
    return ids


def is_usable(account: AccountRef, drip: DripRef) -> bool:
    """Say whether people of an account may be in a plan: it is theirs, their team's, or all's."""
    if drip.account_id is not None:
        return drip.account_id == account.id
    return drip.team_id is None or drip.team_id in accounts.teams_of(account)


def check_usable(account: AccountRef, drip: DripRef) -> None:
    """Raise NotFound for a plan that is not for an account's people, DripArchived for one out of use."""
    if not is_usable(account, drip):
        library.not_here()
    if drip.state is DripState.ARCHIVED:
        raise DripArchived


def sort_out(
    account: AccountRef,
    drip_id: UUID,
    found: Sequence[ContactRef],
    now: datetime,
    numbers_before: set[str],
) -> Sorted:
    """Part at most 500 people who can be put into a plan from those who are left out.

    `numbers_before` are those of people sorted before them; those of these are added.
    """
    numbers = {c.id: c.preferred.e164 if c.preferred else None for c in found}
    e164s = [e164 for e164 in numbers.values() if e164]
    standings = consent.standings(account.tenant, e164s, now) if e164s else {}
    in_it = queries.live_in(account.tenant, drip_id, [c.id for c in found])
    taken = queries.numbers_in(account.tenant, drip_id, e164s)
    fresh: list[tuple[ContactRef, str | None]] = []
    left_out: dict[UUID, str] = {}
    for person in found:
        e164 = numbers[person.id]
        if person.id in in_it:
            left_out[person.id] = IN_IT
        elif e164 in taken or e164 in numbers_before:
            left_out[person.id] = NUMBER_IN_IT
        elif e164 and _is_out(standings[e164]):
            left_out[person.id] = OPTED_OUT
        else:
            if e164:
                numbers_before.add(e164)
            fresh.append((person, e164))
    return Sorted(fresh, left_out)


def _enrol_some(entry: _Entry, found: Sequence[ContactRef], numbers: set[str]) -> Enrolled:
    some = sort_out(entry.account, entry.drip.id, found, entry.now, numbers)
    rows = [_row(entry, person, e164) for person, e164 in some.fresh]
    made = insert_rows(_ENROLMENTS, rows, only_new=True)  # two at once: one of them does it
    out = sum(why == OPTED_OUT for why in some.left_out.values())
    return Enrolled(made, len(found) - out - made, out)


def _row(entry: _Entry, person: ContactRef, e164: str | None) -> dict[str, Any]:
    account, drip = entry.account, entry.drip
    first = drip.steps[0]
    due = timing.due_at(first, entry.now, account.timezone)
    return {
        "id": uuid4(),
        "organization_id": account.organization_id,
        "account_id": account.id,
        "drip_id": drip.id,
        "version_id": drip.version_id,
        "contact_id": person.id,
        "e164": e164,
        "state": EnrolmentState.ACTIVE,
        "source": entry.source,
        "enrolled_by_id": entry.actor.id,
        "enrolled_by": entry.actor.label[:200],
        "started_at": entry.now,
        "next_step_id": first.id,
        "due_at": due,
        "look_at": due if drip.is_active else None,
    }


def _is_out(standing: Standing) -> bool:
    return standing.is_opted_out or standing.org_opted_out_at is not None


def _told(enrolled: Enrolled) -> tuple[int, int, int]:
    return enrolled.enrolled, enrolled.already, enrolled.opted_out


def _chunks(people: Iterable[ContactRef]) -> Iterator[list[ContactRef]]:
    rest = iter(people)
    while some := list(islice(rest, queries.BATCH)):
        yield some
