"""Texts alike of the rolling day, the numbers they left from, and approved wordings (H-2)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select

from portal.compliance.rules.similar import SOUGHT, Sketch, are_alike, unpacked
from portal.core.among import among
from portal.core.columns import Id
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.once import once_a_page
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import (
    ApprovedTemplate,
    Campaign,
    SimilarPolicy,
    TextGroup,
    TextGroupHour,
    TextGroupKey,
)
from portal.messaging.rules.similar import (
    DAY,
    DEFAULT,
    FEWEST_NUMBERS,
    REMEMBERED_FOR,
    Shelf,
    Threshold,
    first_hour,
)

SHOWN: Final = 50
_KEY = cast(Table, TextGroupKey.__table__).c
_GROUP = cast(Table, TextGroup.__table__).c
_UNDER: Final = select(_KEY.key, _KEY.group_id).where(
    _KEY.organization_id == bindparam("organization", type_=Id()), among(_KEY.key, "keys")
)
_LIVING: Final = select(_GROUP.id, _GROUP.sketch).where(
    _GROUP.organization_id == bindparam("organization", type_=Id()), among(_GROUP.id, "groups")
)


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """One threshold somebody set, and why."""

    numbers: int
    texts: int
    reason: str
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class ApprovalRef:
    """A wording that may go from many numbers, and the reason that was accepted (A-2)."""

    id: UUID
    name: str
    body: str
    sketch: Sketch
    justification: str
    approved_at: datetime
    approved_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_because: str

    @property
    def is_active(self) -> bool:
        """Say whether it still holds."""
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class NumberLine:
    """What left of a group from one number."""

    e164: str
    account_id: UUID
    texts: int
    senders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRef:
    """Texts that say nearly the same, and how many left since some time."""

    id: UUID
    campaign_id: UUID
    sketch: Sketch
    sample: str  # the first text, as it was written
    first_at: datetime
    last_at: datetime
    flagged_at: datetime | None
    numbers: int
    texts: int
    senders: tuple[str, ...]  # who sent most of them first
    approval: ApprovalRef | None


def policy_history(organization_id: UUID) -> list[PolicyRef]:
    """Return every threshold that was set, newest first."""
    columns = (getattr(SimilarPolicy, name) for name in PolicyRef.__dataclass_fields__)
    rows = db.session.execute(
        select(*columns)
        .where(owned(Tenant(organization_id), SimilarPolicy))
        .order_by(SimilarPolicy.set_at.desc(), SimilarPolicy.id.desc())
    )
    return [PolicyRef(*row) for row in rows]


def threshold(organization_id: UUID) -> Threshold:
    """Return the threshold that holds now."""
    newest = db.session.execute(
        select(SimilarPolicy.numbers, SimilarPolicy.texts)
        .where(owned(Tenant(organization_id), SimilarPolicy))
        .order_by(SimilarPolicy.set_at.desc(), SimilarPolicy.id.desc())
        .limit(1)
    ).one_or_none()
    return Threshold(*newest) if newest else DEFAULT


def approvals(organization_id: UUID, *, is_active: bool | None = None) -> list[ApprovalRef]:
    """Return approved wordings, newest first: all, those that hold, or those withdrawn."""
    a = ApprovedTemplate
    wanted = select(a).where(owned(Tenant(organization_id), a))
    if is_active is not None:
        wanted = wanted.where(
            a.withdrawn_at.is_(None) if is_active else a.withdrawn_at.is_not(None)
        )
    rows = db.session.scalars(wanted.order_by(a.approved_at.desc(), a.id))
    return [_approval(row) for row in rows]


def approval_or_404(organization_id: UUID, approval_id: UUID) -> ApprovalRef:
    """Return one approved wording of an organization. Raises NotFound."""
    row = db.session.scalar(
        select(ApprovedTemplate).where(
            owned(Tenant(organization_id), ApprovedTemplate), ApprovedTemplate.id == approval_id
        )
    )
    if row is None:
        raise NotFound("We can't find that template.")
    return _approval(row)


def approval_of(sketch: Sketch, active: Iterable[ApprovalRef]) -> ApprovalRef | None:
    """Return the approved wording a text is like."""
    return next((each for each in active if are_alike(sketch, each.sketch)), None)


def shelf(organization_id: UUID, sketches: Iterable[Sketch]) -> Shelf:
    """Return the groups that these texts may belong to (two SELECTs)."""
    asked, whose = list(sketches), {"organization": organization_id}
    keys = sorted({key for sketch in asked for key in sketch[:SOUGHT]})
    under = db.session.execute(_UNDER, whose | {"keys": keys}) if keys else ()
    found = Shelf((row.key, row.group_id) for row in under)
    ids = sorted({group_id for sketch in asked for group_id in found.candidates(sketch)})
    rows = db.session.execute(_LIVING, whose | {"groups": ids}) if ids else ()
    found.hold({row.id: unpacked(row.sketch) for row in rows})
    return found


def totals(
    organization_id: UUID, group_ids: Collection[UUID], now: datetime
) -> dict[UUID, tuple[int, int]]:
    """Return of how many numbers and texts groups consist in the day before now."""
    return _totals(organization_id, group_ids, first_hour(now))


def numbers_of(organization_id: UUID, group_id: UUID, now: datetime) -> frozenset[str]:
    """Return the numbers a group left from in the day before now."""
    h = TextGroupHour
    return frozenset(
        db.session.scalars(
            select(h.e164)
            .where(
                owned(Tenant(organization_id), h), h.group_id == group_id, h.hour >= first_hour(now)
            )
            .distinct()
        )
    )


def groups(organization_id: UUID, now: datetime) -> list[GroupRef]:
    """Return what left from several numbers in the day before now, most numbers first."""
    return list(_of_day(organization_id, now))


@once_a_page
def _of_day(organization_id: UUID, now: datetime) -> tuple[GroupRef, ...]:
    g = TextGroup
    rows = db.session.scalars(
        select(g)
        .where(
            owned(Tenant(organization_id), g),
            g.numbers >= FEWEST_NUMBERS,
            g.last_at > now - DAY,
        )
        .order_by(g.numbers.desc(), g.last_at.desc(), g.id)
        .limit(SHOWN)
    ).all()
    found = _groups(organization_id, rows, since=first_hour(now))
    several = [group for group in found if group.numbers >= FEWEST_NUMBERS]
    several.sort(key=lambda group: (group.approval is not None, -group.numbers, -group.texts))
    return tuple(several)


def flagged_before(organization_id: UUID, now: datetime) -> list[GroupRef]:
    """Return groups that were flagged and whose last text is more than a day old, newest first."""
    g = TextGroup
    rows = db.session.scalars(
        select(g)
        .where(
            owned(Tenant(organization_id), g),
            g.flagged_at.is_not(None),
            g.last_at <= now - DAY,
        )
        .order_by(g.last_at.desc(), g.id)
        .limit(SHOWN)
    ).all()
    return _groups(organization_id, rows, since=now - REMEMBERED_FOR)


def group_or_404(
    organization_id: UUID, group_id: UUID, now: datetime
) -> tuple[GroupRef, list[NumberLine]]:
    """Return one group with its numbers: of the last day, of an older one all. Raises NotFound."""
    g = TextGroup
    row = db.session.scalar(select(g).where(owned(Tenant(organization_id), g), g.id == group_id))
    if row is None:
        raise NotFound("We can't find these texts. After a day without a new one they are let go.")
    since = now - REMEMBERED_FOR if row.last_at <= now - DAY else first_hour(now)
    [found] = _groups(organization_id, [row], since=since)
    return found, _lines(organization_id, group_id, since)


def flagged(organization_id: UUID, now: datetime) -> int:
    """Return how many groups of the rolling day are over the threshold, approved ones aside."""
    limit = threshold(organization_id)
    return sum(
        group.approval is None and limit.is_reached(group.numbers, group.texts)
        for group in groups(organization_id, now)
    )


def _groups(organization_id: UUID, rows: Sequence[TextGroup], *, since: datetime) -> list[GroupRef]:
    active = approvals(organization_id, is_active=True) if rows else []
    ids = [row.id for row in rows]
    sums = _totals(organization_id, ids, since)
    senders = _senders(organization_id, ids, since)
    samples = _samples(organization_id, [row.campaign_id for row in rows])
    found = []
    for row in rows:
        sketch = unpacked(row.sketch)
        found.append(
            GroupRef(
                row.id,
                row.campaign_id,
                sketch,
                samples.get(row.campaign_id, ""),
                row.first_at,
                row.last_at,
                row.flagged_at,
                *sums.get(row.id, (0, 0)),
                tuple(senders.get(row.id, ())),
                approval_of(sketch, active),
            )
        )
    return found


def _totals(
    organization_id: UUID, group_ids: Collection[UUID], since: datetime
) -> dict[UUID, tuple[int, int]]:
    h = TextGroupHour
    rows = db.session.execute(
        select(h.group_id, func.count(h.e164.distinct()), func.sum(h.texts))
        .where(owned(Tenant(organization_id), h), h.group_id.in_(group_ids), h.hour >= since)
        .group_by(h.group_id)
    )
    return {group_id: (numbers, int(texts)) for group_id, numbers, texts in rows}


def _senders(
    organization_id: UUID, group_ids: Collection[UUID], since: datetime
) -> dict[UUID, list[str]]:
    h = TextGroupHour
    rows = db.session.execute(
        select(h.group_id, h.sent_by)
        .where(owned(Tenant(organization_id), h), h.group_id.in_(group_ids), h.hour >= since)
        .group_by(h.group_id, h.sent_by)
        .order_by(func.sum(h.texts).desc(), h.sent_by)
    )
    found: dict[UUID, list[str]] = {}
    for group_id, sent_by in rows:
        found.setdefault(group_id, []).append(sent_by)
    return found


def _lines(organization_id: UUID, group_id: UUID, since: datetime) -> list[NumberLine]:
    """Return what left from each number, the most first."""
    h = TextGroupHour
    texts = func.sum(h.texts)
    rows = db.session.execute(
        select(h.e164, h.account_id, h.sent_by, texts.label("texts"))
        .where(owned(Tenant(organization_id), h), h.group_id == group_id, h.hour >= since)
        .group_by(h.e164, h.account_id, h.sent_by)
        .order_by(texts.desc(), h.sent_by)
    )
    joined: dict[tuple[str, UUID], dict[str, int]] = {}
    for row in rows:
        joined.setdefault((row.e164, row.account_id), {})[row.sent_by] = int(row.texts)
    lines = [
        NumberLine(e164, account_id, sum(by.values()), tuple(by))
        for (e164, account_id), by in joined.items()
    ]
    return sorted(lines, key=lambda line: (-line.texts, line.e164))


def _samples(organization_id: UUID, campaign_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(
        select(Campaign.id, Campaign.body).where(
            owned(Tenant(organization_id), Campaign), Campaign.id.in_(campaign_ids)
        )
    )
    return {row.id: row.body for row in rows}


def _approval(row: ApprovedTemplate) -> ApprovalRef:
    return ApprovalRef(
        row.id,
        row.name,
        row.body,
        unpacked(row.sketch),
        row.justification,
        row.approved_at,
        row.approved_by,
        row.withdrawn_at,
        row.withdrawn_by,
        row.withdrawn_because,
    )
