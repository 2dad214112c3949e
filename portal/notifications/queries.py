"""What a person has been told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    or_,
    select,
    tuple_,
)

from portal.core.access import Role
from portal.core.clock import utcnow
from portal.core.columns import Id
from portal.core.db import database_now, db
from portal.notifications.models import (
    DigestSchedule,
    Notice,
    NoticePreference,
    Push,
    PushDevice,
    PushKey,
)
from portal.notifications.values import (
    DIGEST_HOUR,
    KINDS,
    DeviceRef,
    MailStep,
    NoticeRef,
    Preferences,
)
from portal.people import queries as people
from portal.texting_accounts import queries as accounts

COUNT_CAP = 99
MAILS_AT_ONCE: Final = 100
_ASKED_AT_ONCE: Final = 500
Place = tuple[datetime, UUID]  # of a notice among all: when it was told, and its id
_NOTICES: Final = cast(Table, Notice.__table__)
_USER: BindParameter[UUID] = bindparam("user", type_=Id())
_ORGANIZATION: BindParameter[UUID] = bindparam("organization", type_=Id())


def _seen_as(role: Role) -> ColumnElement[bool]:
    """Say which of a person's notices somebody of this role may see now (SPEC 1).

    Of an account those who reach it, of an organization its leads and officers, of trouble
    anywhere the administrators: roles change, teams do, and a notice stays.
    """
    n = _NOTICES.c
    if role is Role.ADMIN:
        return and_(n.user_id == _USER, n.kind == "trouble")
    is_seen: ColumnElement[bool] = n.account_id.in_(accounts.ids_reached(role))
    if role is not Role.AGENT:
        is_seen = or_(n.account_id.is_(None), is_seen)
    return and_(n.user_id == _USER, n.organization_id == _ORGANIZATION, is_seen)


# Made once for each role: every page asks what is unread (G6).
_SEEN: Final = {role: select(*_NOTICES.columns).where(_seen_as(role)) for role in Role}
_UNREAD: Final = {
    role: select(_NOTICES.c.id)
    .where(_seen_as(role), _NOTICES.c.read_at.is_(None))
    .limit(COUNT_CAP + 1)
    for role in Role
}


def unread_count(user_id: UUID) -> int:
    """Return how many notices are unread that the person may see; counting stops just past 99."""
    counts = (
        len(db.session.execute(_UNREAD[role], asked).all()) for role, asked in _places(user_id)
    )
    return min(sum(counts), COUNT_CAP + 1)


def latest(user_id: UUID, limit: int = 50, before: NoticeRef | None = None) -> list[NoticeRef]:
    """Return the person's notices, newest first, those older than a given one.

    What they may see no more is left out: their role changed, or who reaches an account.
    """
    n, found = _NOTICES.c, []
    for role, asked in _places(user_id):
        wanted = _SEEN[role]
        if before is not None:
            wanted = wanted.where(tuple_(n.created_at, n.id) < tuple_(before.created_at, before.id))
        wanted = wanted.order_by(n.created_at.desc(), n.id.desc()).limit(limit)
        found += [_ref(row) for row in db.session.execute(wanted, asked)]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[:limit]


def notice(user_id: UUID, notice_id: UUID) -> NoticeRef | None:
    """Return one of the person's own notices, if they may see it, or None."""
    for role, asked in _places(user_id):
        wanted = _SEEN[role].where(_NOTICES.c.id == notice_id)
        if (row := db.session.execute(wanted, asked).one_or_none()) is not None:
            return _ref(row)
    return None


def seen(user_id: UUID, notice_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the person's notices that they may see now."""
    found: set[UUID] = set()
    places = _places(user_id)
    for start in range(0, len(notice_ids), _ASKED_AT_ONCE):
        some = _NOTICES.c.id.in_(notice_ids[start : start + _ASKED_AT_ONCE])
        for role, asked in places:
            found |= {row.id for row in db.session.execute(_SEEN[role].where(some), asked)}
    return found


def _places(user_id: UUID) -> list[tuple[Role, dict[str, UUID]]]:
    """Return in which role a person sees notices, in each place, and what to ask there."""
    person = people.user_details(user_id)
    if not person.is_active:
        return []
    if person.is_admin:
        return [(Role.ADMIN, {"user": user_id})]
    return [
        (member.role, {"user": user_id, "organization": member.organization_id})
        for member in people.memberships(user_id)
    ]


def preferences(user_id: UUID) -> Preferences:
    """Return when the person gets which mail: what they chose, else what `KINDS` says."""
    p = NoticePreference
    chosen = {
        row.kind: row
        for row in db.session.execute(
            select(p.kind, p.by_mail, p.by_push).where(p.user_id == user_id)
        )
    }
    schedule = db.session.execute(
        select(DigestSchedule.hour).where(DigestSchedule.user_id == user_id)
    ).one_or_none()
    return Preferences(
        by_mail={
            key: chosen[key].by_mail if key in chosen else kind.by_mail
            for key, kind in KINDS.items()
        },
        by_push={
            key: kind.by_push
            if key not in chosen or chosen[key].by_push is None
            else chosen[key].by_push
            for key, kind in KINDS.items()
        },
        digest_hour=DIGEST_HOUR if schedule is None else schedule.hour,
    )


def push_key() -> str | None:
    """Return the public key browsers subscribe with; None until the scheduler made one."""
    return db.session.scalar(select(PushKey.public))


def devices(user_id: UUID) -> list[DeviceRef]:
    """Return the browsers that get the person's pushes, the newest first."""
    d = PushDevice
    rows = db.session.execute(
        select(d.id, d.browser, d.created_at, d.session_id)
        .where(d.user_id == user_id)
        .order_by(d.created_at.desc(), d.id)
    )
    return [DeviceRef(*row) for row in rows]


def is_push_due() -> bool:
    """Say whether a push waits that nobody has in hand."""
    now = database_now()
    free = or_(Push.lease_until.is_(None), Push.lease_until < now)
    due = select(Push.id).where(Push.next_at <= now, free).limit(1)
    return db.session.scalar(due) is not None


def digests_due(after: UUID | None = None, limit: int = 50) -> list[UUID]:
    """Return some people whose digest's hour has come, by id, those after a given one."""
    d = DigestSchedule
    due = select(d.user_id).where(d.next_at <= utcnow()).order_by(d.user_id).limit(limit)
    return list(db.session.scalars(due if after is None else due.where(d.user_id > after)))


def mails_due(after: Place | None = None) -> list[Place]:
    """Return some notices nobody looked at for mail, the oldest first, those after a given one."""
    due = select(Notice.created_at, Notice.id).where(Notice.mail_step == MailStep.DUE)
    if after is not None:
        due = due.where(tuple_(Notice.created_at, Notice.id) > tuple_(*after))
    rows = db.session.execute(due.order_by(Notice.created_at, Notice.id).limit(MAILS_AT_ONCE))
    return [(row.created_at, row.id) for row in rows]


def _ref(row: Row[*tuple[Any, ...]]) -> NoticeRef:
    return NoticeRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        kind=row.kind,
        title=row.title,
        text=row.text,
        url=row.url,
        created_at=row.created_at,
        read_at=row.read_at,
    )
