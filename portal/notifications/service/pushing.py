"""Pushes: browsers that want them, and what waits to reach them (Q-5).

A push is a row written with its notice's mail, leased to one run, posted with no transaction open,
and gone once it arrived. A push service may show the same one twice; its tag makes them one.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, clock, jobs, secrets_box
from portal.core.audit import Actor
from portal.core.db import database_now, db, is_sqlite
from portal.core.errors import BadInput, NotFound
from portal.core.jobs import Job
from portal.core.settings import settings
from portal.gateways import outside, push
from portal.notifications import queries, rules
from portal.notifications.models import Notice, Push, PushDevice, PushKey
from portal.notifications.values import Parcel
from portal.texting_accounts import queries as accounts

ALL: Final = "all"  # the one queue of pushes
AT_ONCE: Final = 20
MOST_DEVICES: Final = 10
_KEY_ID: Final = UUID(int=1)
_LEASE: Final = timedelta(minutes=1)
_WAITS: Final = (60, 300, 1800, 7200)  # seconds after a try that came to nothing; then it is late
_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 425, 429})
_SALT_BYTES: Final = 16


def keep_key() -> bool:
    """Make the installation's key where there is none yet; say whether it was made now."""
    if queries.push_key() is not None:
        return False
    private = push.new_key()
    row = PushKey(id=_KEY_ID, public=push.public_of(private))
    sealed = secrets_box.box().seal(private, row.place_of_private)
    insert = (sqlite if is_sqlite() else postgresql).insert(PushKey)
    made = db.session.execute(
        insert.values(
            id=_KEY_ID, private_sealed=sealed, public=row.public, created_at=clock.utcnow()
        )
        .on_conflict_do_nothing()
        .returning(PushKey.id)
    )
    return made.first() is not None


def add_device(
    user_id: UUID,
    session_id: UUID | None,
    *,
    endpoint: str,
    p256dh: str,
    auth: str,
    browser: str,
    actor: Actor,
) -> None:
    """Have a browser get the person's pushes from now on; the same one again is renewed.

    Raises BadInput for what no browser gives, AddressRefused for a push service that is none.
    """
    outside.read(endpoint, is_sandbox=settings().is_sandbox)
    if not push.is_subscription(p256dh, auth):
        raise BadInput("This browser gave no keys for pushes. Try again, or use another browser.")
    hashed = hashlib.sha256(endpoint.encode()).hexdigest()
    db.session.execute(delete(PushDevice).where(PushDevice.endpoint_hash == hashed))
    device = PushDevice(
        id=uuid4(),
        user_id=user_id,
        session_id=session_id,
        endpoint=endpoint,
        endpoint_hash=hashed,
        p256dh=p256dh,
        auth=auth,
        browser=browser[:100],
        created_at=clock.utcnow(),
    )
    db.session.add(device)
    db.session.flush()
    old = [ref.id for ref in queries.devices(user_id)[MOST_DEVICES:]]
    db.session.execute(delete(PushDevice).where(PushDevice.id.in_(old)))
    _record("add", user_id, device.id, device.browser, actor)


def remove_device(user_id: UUID, device_id: UUID, *, actor: Actor) -> None:
    """Take one of the person's own browsers off. Raises NotFound for anybody else's."""
    d = PushDevice
    gone = db.session.execute(
        delete(d).where(d.id == device_id, d.user_id == user_id).returning(d.browser)
    ).one_or_none()
    if gone is None:
        raise NotFound("We can't find that device. It may be off the list already.")
    _record("remove", user_id, device_id, gone.browser, actor)


def forget_devices(user_id: UUID | None, session_ids: Sequence[UUID]) -> None:
    """Forget the browsers of sessions that somebody ends, or all of a person's."""
    d = PushDevice
    which = d.session_id.in_(session_ids)
    db.session.execute(
        delete(d).where(which if user_id is None else or_(which, d.user_id == user_id))
    )


def offer(user_id: UUID, notice_id: UUID) -> None:
    """Let a notice go to each of the person's devices, once."""
    ids = [device.id for device in queries.devices(user_id)]
    if not ids:
        return
    now = database_now()
    insert = (sqlite if is_sqlite() else postgresql).insert(Push)
    db.session.execute(
        insert.values(
            [
                {
                    "id": uuid4(),
                    "device_id": id_,
                    "notice_id": notice_id,
                    "tries": 0,
                    "next_at": now,
                }
                for id_ in ids
            ]
        ).on_conflict_do_nothing(index_elements=["device_id", "notice_id"])
    )
    jobs.request(Job.SEND_PUSHES, ALL)


def claim() -> list[Parcel]:
    """Take some pushes whose time has come; nobody else takes them now.

    What the person may see no more, or has read, is dropped.
    """
    now, p = database_now(), Push
    due = (
        select(p.id)
        .where(p.next_at <= now, or_(p.lease_until.is_(None), p.lease_until < now))
        .order_by(p.next_at, p.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    taken = db.session.execute(
        update(p)
        .where(p.id.in_(due.scalar_subquery()))
        .values(lease_until=now + _LEASE, tries=p.tries + 1)
        .returning(p.id, p.tries, p.device_id, p.notice_id)
        .execution_options(synchronize_session=False)
    ).all()
    if not taken:
        return []
    key = db.session.get(PushKey, _KEY_ID)
    assert key is not None  # without it no browser could subscribe
    private = secrets_box.box().open(key.private_sealed, key.place_of_private)
    parcels, idle = [], []
    for row in taken:
        device, notice = (
            db.session.get(PushDevice, row.device_id),
            db.session.get(Notice, row.notice_id),
        )
        if device is None or notice is None or not _is_wanted(notice):
            idle.append(row.id)
            continue
        parcels.append(_parcel(row.id, row.tries, device, notice, private))
    db.session.execute(delete(p).where(p.id.in_(idle)))
    return parcels


def record(done: Sequence[tuple[Parcel, int | None]]) -> None:
    """Write down what the push services said; None: no answer. A later try's word goes before."""
    now, p = database_now(), Push
    for parcel, status in done:
        this = p.id == parcel.id, p.tries == parcel.tries
        if status in _GONE:
            db.session.execute(delete(PushDevice).where(PushDevice.id == parcel.device_id))
            continue
        is_later = status is None or status >= 500 or status in _LATER
        if not is_later or parcel.tries > len(_WAITS):
            db.session.execute(delete(p).where(*this))
            continue
        wait = timedelta(seconds=_WAITS[parcel.tries - 1])
        db.session.execute(update(p).where(*this).values(next_at=now + wait, lease_until=None))


def _is_wanted(notice: Notice) -> bool:
    return notice.read_at is None and notice.id in queries.seen(notice.user_id, [notice.id])


def _parcel(id_: UUID, tries: int, device: PushDevice, notice: Notice, private: str) -> Parcel:
    account = accounts.account(notice.account_id) if notice.account_id else None
    title, text = rules.push_words(
        notice.kind, notice.title, notice.text, account.name if account else None
    )
    message = {"title": title, "body": text, "url": notice.url or "/notices", "tag": str(notice.id)}
    real_now = clock.utcnow() - clock.offset()
    return Parcel(
        id_,
        tries,
        device.id,
        device.endpoint,
        push.headers(device.endpoint, private, settings().sender_email, real_now),
        push.sealed_for(message, device.p256dh, device.auth, salt=secrets.token_bytes(_SALT_BYTES)),
    )


def _record(verb: str, user_id: UUID, device_id: UUID, browser: str, actor: Actor) -> None:
    audit.record(
        f"notifications:device:{verb}",
        actor=actor,
        organization_id=None,
        subject_id=user_id,
        device=str(device_id),
        browser=browser,
    )
