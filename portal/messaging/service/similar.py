"""Texts that say nearly the same from many numbers: noted at confirm, found by a sweep (H-2).

A confirm adds one row, whatever the number of its recipients; comparing comes after it. What a
person wrote within a day before is talk and not noted, nor are texts too short to tell apart.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from portal.compliance.rules.similar import Sketch, packed, sketch, unpacked
from portal.core import audit, clock
from portal.core.among import among
from portal.core.audit import SYSTEM
from portal.core.db import db, is_sqlite
from portal.core.formats import plural
from portal.core.many_rows import insert_rows, update_each
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import (
    Campaign,
    Message,
    TextGroup,
    TextGroupHour,
    TextGroupKey,
    UnsortedText,
)
from portal.messaging.queries import similar as queries
from portal.messaging.queries.similar import ApprovalRef
from portal.messaging.rules.plan import Plan
from portal.messaging.rules.similar import (
    DAY,
    REMEMBERED_FOR,
    Shelf,
    Threshold,
    first_hour,
    hour_of,
)
from portal.messaging.values import Draft, Fate, Kind, State
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef

BATCH: Final = 200  # confirmed sends sorted at once
FORGOTTEN_AT_ONCE: Final = 500
_GROUPS: Final = cast(Table, TextGroup.__table__)
_KEYS: Final = cast(Table, TextGroupKey.__table__)
_M, _C = cast(Table, Message.__table__).c, cast(Table, Campaign.__table__).c
# Part 1 stands for a text; whoever is blocked has none (S-11).
_LEFT: Final = (
    select(_M.campaign_id, _M.from_e164, func.count().label("texts"))
    .where(among(_M.campaign_id, "campaigns"), _M.part == 1, _M.state != State.CANCELED)
    .group_by(_M.campaign_id, _M.from_e164)
)
_SENT_BY: Final = select(_C.id, _C.created_by_name).where(among(_C.id, "campaigns"))
_GROWN: Final = (
    update(_GROUPS)
    .where(_GROUPS.c.id == bindparam("group"))
    .values(last_at=bindparam("at"), numbers=bindparam("from_numbers"))
)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a text being written: what it is like, and from how many numbers."""

    numbers: int  # with those it would leave from
    limit: Threshold
    approval: ApprovalRef | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A confirmed send whose turn to be compared has come, as it was noted."""

    organization_id: UUID
    campaign_id: UUID
    account_id: UUID
    sketch: bytes
    due_at: datetime

    def __str__(self) -> str:
        """Name it for the log."""
        return str(self.campaign_id)


@dataclass(frozen=True, slots=True)
class Unsorted:
    """A confirmed send to be compared: its words, what left from which number, and by whom."""

    campaign_id: UUID
    account_id: UUID
    sketch: Sketch
    due_at: datetime
    texts: Mapping[str, int]  # by number
    sent_by: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some sends of one organization, and the groups they may belong to."""

    organization_id: UUID
    sends: Sequence[Unsorted]
    shelf: Shelf


def note(
    account: AccountRef, campaign_id: UUID, draft: Draft, planned: Plan, now: datetime
) -> None:
    """Note a send that is being confirmed, to be compared with the others of its day."""
    made = _sketch_of(account, draft, planned)
    if not made:
        return
    db.session.execute(
        insert(UnsortedText).values(
            campaign_id=campaign_id,
            organization_id=account.organization_id,
            account_id=account.id,
            sketch=packed(made),
            due_at=draft.send_at or now,
        )
    )


def outlook(account: AccountRef, draft: Draft, planned: Plan | None) -> Outlook | None:
    """Return what a text being written is like; None where it is like nothing worth a word."""
    made = _sketch_of(account, draft, planned)
    if not made:
        return None
    organization_id = account.organization_id
    limit = queries.threshold(organization_id)
    active = queries.approvals(organization_id, is_active=True)
    approval = queries.approval_of(made, active)
    group_id = queries.shelf(organization_id, [made]).find(made)
    others = (
        queries.numbers_of(organization_id, group_id, clock.utcnow()) if group_id else frozenset()
    )
    texts = planned.texts if planned else ()
    ours = {text.from_e164 for text in texts if text.from_e164}
    numbers = len(others | ours)
    if approval is None and not limit.is_near(numbers):
        return None
    return Outlook(numbers, limit, approval)


def due(now: datetime, after: Due | None = None) -> list[Due]:
    """Return some confirmed sends to be compared, the first due first, those after a given one."""
    u = UnsortedText
    wanted = select(u.organization_id, u.campaign_id, u.account_id, u.sketch, u.due_at)
    if after is not None:
        wanted = wanted.where(
            tuple_(u.due_at, u.campaign_id) > tuple_(after.due_at, after.campaign_id)
        )
    wanted = wanted.where(u.due_at <= now).order_by(u.due_at, u.campaign_id).limit(BATCH)
    return [Due(*row) for row in db.session.execute(wanted)]


def batches(rows: Sequence[Due]) -> list[Batch]:
    """Return sends by organization, each with the groups they may belong to.

    One run at a time (a sweep's lock): what is read here then still holds when it is sorted.
    """
    asked = {"campaigns": [row.campaign_id for row in rows]}
    texts: dict[UUID, dict[str, int]] = defaultdict(dict)
    for left in db.session.execute(_LEFT, asked):
        if left.from_e164:
            texts[left.campaign_id][left.from_e164] = left.texts
    sent_by = {row.id: row.created_by_name for row in db.session.execute(_SENT_BY, asked)}
    found: dict[UUID, list[Unsorted]] = defaultdict(list)
    for row in rows:
        found[row.organization_id].append(
            Unsorted(
                row.campaign_id,
                row.account_id,
                unpacked(row.sketch),
                row.due_at,
                texts.get(row.campaign_id, {}),
                sent_by.get(row.campaign_id, ""),
            )
        )
    return [
        Batch(organization_id, sends, queries.shelf(organization_id, {s.sketch for s in sends}))
        for organization_id, sends in sorted(found.items())
    ]


def sort(batch: Batch, now: datetime) -> int:
    """Put sends with those they are like, and flag what became too many; return how many."""
    waiting = [send.campaign_id for send in batch.sends]
    ours = set(  # a second run that has taken some is no harm: what it sorted is not counted twice
        db.session.scalars(
            delete(UnsortedText)
            .where(UnsortedText.campaign_id.in_(waiting))
            .returning(UnsortedText.campaign_id)
        )
    )
    placed, groups, keys = _place(batch, ours)
    insert_rows(_GROUPS, groups)
    insert_rows(_KEYS, keys)
    _count_hours(batch.organization_id, placed)
    _judge(batch.organization_id, _newest(placed), now)
    return len(ours)


def forget_some(now: datetime) -> int:
    """Let go of groups without a text for a day, flagged ones after 30; return how many."""
    g = TextGroup
    is_over = g.last_at <= now - DAY
    ids = db.session.scalars(
        select(g.id)
        .where(or_(and_(is_over, g.flagged_at.is_(None)), g.last_at <= now - REMEMBERED_FOR))
        .limit(FORGOTTEN_AT_ONCE)
    ).all()
    db.session.execute(
        delete(TextGroupKey).where(
            TextGroupKey.group_id.in_(select(g.id).where(is_over, g.flagged_at.is_not(None)))
        )
    )
    db.session.execute(
        delete(TextGroupHour).where(
            TextGroupHour.hour < first_hour(now),
            TextGroupHour.group_id.in_(select(g.id).where(g.flagged_at.is_(None))),
        )
    )
    for table in (TextGroupKey, TextGroupHour):
        db.session.execute(delete(table).where(table.group_id.in_(ids)))
    db.session.execute(delete(g).where(g.id.in_(ids)))
    return len(ids)


def _sketch_of(account: AccountRef, draft: Draft, planned: Plan | None) -> Sketch:
    """Return what stands for a send's words: its template's, or what its one person gets."""
    texts = planned.texts if planned else ()
    if draft.kind is not Kind.ONE_TO_ONE or len(texts) != 1:
        return sketch(draft.body, (account.name,))
    [text] = texts
    if text.is_reply or text.outcome is Fate.BLOCKED:
        return ()
    return sketch(text.body, (account.name, text.name))


def _place(
    batch: Batch, ours: Collection[UUID]
) -> tuple[list[tuple[UUID, Unsorted]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return each send with its group, and the rows of groups that begin."""
    placed: list[tuple[UUID, Unsorted]] = []
    groups: list[dict[str, Any]] = []
    keys: list[dict[str, Any]] = []
    for send in batch.sends:
        if send.campaign_id not in ours or not send.texts:
            continue  # everybody is blocked, or it was canceled before it left
        group_id = batch.shelf.find(send.sketch)
        if group_id is None:
            group_id, hashes = batch.shelf.add(send.sketch)
            of_all = {"organization_id": batch.organization_id}
            groups.append(
                of_all
                | {
                    "id": group_id,
                    "account_id": send.account_id,
                    "campaign_id": send.campaign_id,
                    "sketch": packed(send.sketch),
                    "first_at": send.due_at,
                    "last_at": send.due_at,
                    "numbers": 1,
                }
            )
            keys += [of_all | {"key": key, "group_id": group_id} for key in hashes]
        placed.append((group_id, send))
    return placed, groups, keys


def _newest(placed: Iterable[tuple[UUID, Unsorted]]) -> dict[UUID, datetime]:
    newest: dict[UUID, datetime] = {}
    for group_id, send in placed:
        newest[group_id] = max(send.due_at, newest.get(group_id, send.due_at))
    return newest


def _count_hours(organization_id: UUID, placed: Iterable[tuple[UUID, Unsorted]]) -> None:
    """Count what left in its hour, by number and sender."""
    hours: Counter[tuple[UUID, datetime, str, str, UUID]] = Counter()
    for group_id, send in placed:
        for e164, texts in send.texts.items():
            hours[group_id, hour_of(send.due_at), e164, send.sent_by, send.account_id] += texts
    if not hours:
        return
    add = (sqlite if is_sqlite() else postgresql).insert(TextGroupHour)
    db.session.execute(
        add.on_conflict_do_update(
            index_elements=["group_id", "hour", "e164", "sent_by"],
            set_={"texts": TextGroupHour.texts + add.excluded.texts},
        ),
        [
            {
                "group_id": group_id,
                "hour": hour,
                "e164": e164,
                "sent_by": sent_by,
                "organization_id": organization_id,
                "account_id": account_id,
                "texts": texts,
            }
            for (group_id, hour, e164, sent_by, account_id), texts in sorted(hours.items())
        ],
    )


def _judge(organization_id: UUID, grown: Mapping[UUID, datetime], now: datetime) -> None:
    """Keep how far groups have spread, and flag what is over the threshold and not approved."""
    if not grown:
        return
    totals = queries.totals(organization_id, list(grown), now)
    update_each(
        _GROWN,
        [
            {"group": group_id, "at": at, "from_numbers": totals.get(group_id, (0, 0))[0]}
            for group_id, at in sorted(grown.items())
        ],
    )
    limit = queries.threshold(organization_id)
    over = sorted(group_id for group_id, sums in totals.items() if limit.is_reached(*sums))
    if not over:
        return
    active = queries.approvals(organization_id, is_active=True)
    organization = people.organization(organization_id)
    today = now.astimezone(ZoneInfo(organization.timezone if organization else "UTC")).date()
    for group in db.session.scalars(
        select(TextGroup)
        .where(owned(Tenant(organization_id), TextGroup), TextGroup.id.in_(over))
        .order_by(TextGroup.id)
        .execution_options(populate_existing=True)
    ):
        if group.told_on == today or queries.approval_of(unpacked(group.sketch), active):
            continue
        group.flagged_at = group.flagged_at or now
        group.told_on = today
        _flag(group, totals[group.id])


def _flag(group: TextGroup, sums: tuple[int, int]) -> None:
    """Tell the officers of a group that has spread too far, once a day."""
    numbers, texts = sums
    audit.record(
        "messaging:similar-texts:flag",
        actor=SYSTEM,
        organization_id=group.organization_id,
        subject_id=group.id,
        numbers=numbers,
        texts=texts,
    )
    notifications.notify(
        organization_id=group.organization_id,
        account_id=None,
        user_ids=[officer.id for officer in people.officers(group.organization_id)],
        kind="similar",
        title=f"Nearly the same text went from {plural(numbers, 'number')}",
        text=f"{plural(texts, 'text')} in the last 24 hours. Carriers stop such texts unless a "
        "business reason is accepted: look at them, and approve the wording or have it stopped.",
        url=f"/organizations/{group.organization_id}/similar-texts/{group.id}",
        dedupe_key=f"similar:{group.id}:{group.told_on}",
    )
