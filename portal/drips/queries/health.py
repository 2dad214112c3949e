"""What became of the texts of each step of plans (H-3).

From the running counts by the hour, by the sends that were for a step: so an opt-out counts at the
step whose text the person had got last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from portal.compliance.rules.health import Outcomes, Thresholds, Window
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripSend, DripStep, DripVersion
from portal.drips.values import DripRef, Step
from portal.messaging.queries import health
from portal.texting_accounts.values import AccountRef


@dataclass(frozen=True, slots=True)
class OfStep:
    """What became of the texts of one step in some time."""

    drip_id: UUID
    plan: str
    position: int
    day: int
    version: int
    is_current: bool  # its version is the one people are enrolled in now
    outcomes: Outcomes

    @property
    def label(self) -> str:
        """Return which step it is: New buyers, step 2 (day 3)."""
        of = "" if self.is_current else f", version {self.version}"
        return f"{self.plan}, step {self.position} (day {self.day}{of})"


@dataclass(frozen=True, slots=True)
class StepHealth:
    """What became of a step's texts over each window."""

    step: Step | None  # None: the steps of earlier versions together
    windows: Mapping[Window, Outcomes]


def by_step(account: AccountRef, since: datetime) -> list[OfStep]:
    """Return what became of the texts of each step that any left for since then, in this account."""
    sums = _by_step(account, [since]).subquery()
    rows = db.session.execute(
        select(
            DripVersion.drip_id, Drip.name, DripStep.position, DripStep.day, DripVersion.number,
            Drip.version.label("newest"), *list(sums.c)[1:],
        )
        .join(DripStep, DripStep.id == sums.c.step_id)
        .join(DripVersion, DripVersion.id == DripStep.version_id)
        .join(Drip, Drip.id == DripVersion.drip_id)
        .where(owned(Tenant(account.organization_id), DripStep, DripVersion, Drip))
        .order_by(Drip.name, Drip.id, DripVersion.number.desc(), DripStep.position)
    )  # fmt: skip
    return [
        OfStep(
            drip_id=row.drip_id,
            plan=row.name,
            position=row.position,
            day=row.day,
            version=row.number,
            is_current=row.number == row.newest,
            outcomes=health.outcomes_of(row[6:]),
        )
        for row in rows
    ]


def of_plan(account: AccountRef, drip: DripRef, now: datetime, by: Thresholds) -> list[StepHealth]:
    """Return each text step of a plan as it is now, and those of earlier versions at the end.

    Nothing where no text of it left in the longest window. One statement.
    """
    windows = list(Window)
    rows = db.session.execute(
        _by_step(account, [window.since(now, by) for window in windows], of=drip.id)
    ).all()
    if not rows:
        return []
    width = len(Outcomes.__dataclass_fields__)
    found = {
        row[0]: {
            window: health.outcomes_of(row[1 + place * width : 1 + (place + 1) * width])
            for place, window in enumerate(windows)
        }
        for row in rows
    }
    none = dict.fromkeys(windows, Outcomes())
    told = [StepHealth(one, found.pop(one.id, none)) for one in drip.texts]
    if found:
        earlier = {w: sum((each[w] for each in found.values()), Outcomes()) for w in windows}
        told.append(StepHealth(None, earlier))
    return told


def _by_step(
    account: AccountRef, sinces: Sequence[datetime], *, of: UUID | None = None
) -> Select[*tuple[Any, ...]]:
    """Return the statement for the sums by step since each of some times, of one plan or of all."""
    sends = health.of_sends(account, sinces)
    sums = [func.sum(column).label(column.name) for column in list(sends.c)[1:]]
    wanted = (
        select(DripSend.step_id, *sums)
        .join(sends, sends.c.campaign_id == DripSend.campaign_id)
        .where(owned(account.tenant, DripSend))
        .group_by(DripSend.step_id)
    )
    return wanted if of is None else wanted.where(DripSend.drip_id == of)
