"""Putting people into plans: once at a time, and nobody who opted out (P-1, Q-2)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table

from portal.consent import queries as consent
from portal.consent.values import Standing
from portal.contacts import queries as contacts
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
    drip = library.drip_of(account.organization_id, drip_id)
    check_usable(account, drip)
    wanted = list(dict.fromkeys(contact_ids))
    if len(wanted) > MOST_AT_ONCE:
        raise BadInput(
            f"{len(wanted):,} people at once are too many. Enrol at most {MOST_AT_ONCE:,}."
        )
    entry = _Entry(account, drip, source, actor, clock.utcnow())
    total = Enrolled(0, 0, 0)
    for ids in _chunks(wanted):
        found = contacts.by_ids(account.tenant, ids)
        some = _enrol_some(entry, found)
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
    if contacts.count_selected(account.tenant, selection) > MOST_AT_ONCE:
        raise BadInput(f"Enrol at most {MOST_AT_ONCE:,} people at once. Narrow the filter.")
    ids = [id_ for some in contacts.selected_ids(account.tenant, selection) for id_ in some]
    return enrol(account, drip_id, ids, source=Source.BULK, actor=actor)


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


def _enrol_some(entry: _Entry, found: Sequence[ContactRef]) -> Enrolled:
    account, drip = entry.account, entry.drip
    numbers = {c.id: c.preferred.e164 if c.preferred else None for c in found}
    e164s = [e164 for e164 in numbers.values() if e164]
    standings = consent.standings(account.tenant, e164s, entry.now) if e164s else {}
    in_it = queries.live_in(account.tenant, drip.id, [c.id for c in found])
    taken = queries.numbers_in(account.tenant, drip.id, e164s)
    out = 0
    rows: list[dict[str, Any]] = []
    for person in found:
        e164 = numbers[person.id]
        if person.id in in_it or (e164 in taken):
            continue
        if e164 and _is_out(standings[e164]):
            out += 1
            continue
        if e164:
            taken.add(e164)
        rows.append(_row(entry, person, e164))
    made = insert_rows(_ENROLMENTS, rows, only_new=True)  # two at once: one of them does it
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


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, queries.BATCH)):
        yield some
