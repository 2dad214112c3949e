"""Who is in a plan and what comes next for them; and which plans a person is in (P-1, S-5, K-5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select

from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef
from portal.core import clock
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripEnrolment, DripSend, DripStep, DripVersion
from portal.drips.queries import enrolments, library
from portal.drips.values import BECAUSE_WORDS, EnrolmentRef, EnrolmentState, Outcome, Step
from portal.messaging.queries import following, plan_limits
from portal.messaging.queries.added import Line
from portal.messaging.rules.gates import LIMIT_CODES
from portal.texting_accounts.values import AccountRef

_RUN_TITLES: Final = {
    Outcome.NOT_SENT: "Plan text not sent",
    Outcome.MAILED: "Plan e-mail",
    Outcome.NOT_MAILED: "Plan e-mail not sent",
    Outcome.BLOCKED: "Plan text blocked",
}


@dataclass(frozen=True, slots=True)
class InPlan:
    """One person's place in a plan, as pages show it."""

    place: EnrolmentRef
    person: ContactRef | None
    name: str  # of the plan
    next_step: Step | None
    steps: int

    @property
    def stands(self) -> str:
        """Return why they wait or ended, in words."""
        if self.place.because is not None and self.place.state is not EnrolmentState.ACTIVE:
            return BECAUSE_WORDS[self.place.because]
        return self.place.waits_words


@dataclass(frozen=True, slots=True)
class HeldByLimit:
    """How many people of a plan a daily limit holds, and until when (S-5)."""

    people: int
    until: datetime | None


def in_drip(
    tenant: Tenant,
    drip_id: UUID,
    states: Iterable[EnrolmentState],
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[InPlan]:
    """Return people of a plan in one account, the newest first."""
    found = enrolments.of_drip(tenant, drip_id, states, after, limit)
    people = {c.id: c for c in contacts.by_ids(tenant, [row.contact_id for row in found])}
    return _shown(tenant, found, people)


def of_person(person: ContactRef) -> list[InPlan]:
    """Return the plans somebody is or was in, the newest first."""
    found = enrolments.of_contact(person.tenant, person.id)
    return _shown(person.tenant, found, {person.id: person})


def held_by_limits(tenant: Tenant, drip_id: UUID) -> HeldByLimit:
    """Return how many of a plan's people in an account wait for a day with room, and until when."""
    texts, until = following.held_by_limits(tenant, _sends(tenant, drip_id))
    e = DripEnrolment
    waiting, latest = db.session.execute(
        select(func.count(), func.max(e.look_at)).where(
            owned(tenant, e),
            e.drip_id == drip_id,
            e.state == EnrolmentState.ACTIVE,
            e.waits_for.in_(LIMIT_CODES),
        )
    ).one()
    moments = [at for at in (until, latest) if at is not None]
    return HeldByLimit(texts + int(waiting), max(moments, default=None))


def over_limit_today(account: AccountRef, drip_id: UUID) -> int:
    """Return how many of a plan's texts went over the account's limits today, at its risk (S-5)."""
    sends = _sends(account.tenant, drip_id)
    return plan_limits.passed_today(account, sends, clock.utcnow())


def _sends(tenant: Tenant, drip_id: UUID) -> Select[UUID]:
    """Return the statement for the sends of a plan in an account."""
    steps = (
        select(DripStep.id)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .where(
            owned(Tenant(tenant.organization_id), DripStep, DripVersion),
            DripVersion.drip_id == drip_id,
        )
    )
    return select(DripSend.campaign_id).where(owned(tenant, DripSend), DripSend.step_id.in_(steps))


def lines(person: ContactRef) -> list[Line]:
    """Return what plans did for a person, for the timeline; texts stand there by themselves (K-5)."""
    found: list[Line] = []
    shown = of_person(person)
    names = {one.place.id: one.name for one in shown}
    for one in shown:
        place = one.place
        found.append(Line(place.started_at, "plan", f"Enrolled in {one.name}", place.enrolled_by))
        if place.ended_at is not None:
            is_done = place.state is EnrolmentState.DONE
            ended = f"{'Finished' if is_done else 'Left'} {one.name}"
            found.append(Line(place.ended_at, "plan", ended, "", "ok" if is_done else "", one.stands))  # fmt: skip
    for run in enrolments.runs_of(person.tenant, list(names)):
        if (title := _RUN_TITLES.get(run.outcome)) is not None:
            tone = "" if run.outcome is Outcome.MAILED else "bad"
            found.append(Line(run.ran_at, "plan", title, f"SmartPlan {names[run.enrolment_id]}", tone, run.words))  # fmt: skip
    return found


def _shown(
    tenant: Tenant, found: Sequence[EnrolmentRef], people: dict[UUID, ContactRef]
) -> list[InPlan]:
    steps = library.steps_of(tenant.organization_id, {row.version_id for row in found})
    d = Drip
    named = db.session.execute(
        select(d.id, d.name).where(
            owned(Tenant(tenant.organization_id), d), d.id.in_({row.drip_id for row in found})
        )
    )
    names = {row.id: row.name for row in named}
    return [
        InPlan(
            row,
            people.get(row.contact_id),
            names[row.drip_id],
            next((s for s in steps.get(row.version_id, ()) if s.id == row.next_step_id), None),
            len(steps.get(row.version_id, ())),
        )
        for row in found
    ]
