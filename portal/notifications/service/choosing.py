"""A person's choice of which notices come by mail, and when (M-1)."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.mail import service as mail
from portal.notifications import queries, rules
from portal.notifications.models import DigestSchedule, Notice, NoticePreference
from portal.notifications.values import KINDS, ByMail, MailStep
from portal.people import queries as people

DIGEST: Final = "digest"  # what a link in a digest turns off


def choose(
    user_id: UUID,
    by_mail: Mapping[str, ByMail],
    digest_hour: int | None,
    *,
    by_push: Mapping[str, bool] | None = None,
    actor: Actor,
) -> None:
    """Set when the person gets which mail and push; kinds that are not named stay as they are.

    What waits for a digest waits for the new hour; without a digest it is not mailed.
    """
    before = queries.preferences(user_id)
    chosen = {kind: by_mail[kind] for kind in KINDS if kind in by_mail}
    if chosen:
        into = (sqlite if is_sqlite() else postgresql).insert(NoticePreference)
        pushed = by_push or {}
        rows = [
            {"user_id": user_id, "kind": k, "by_mail": v, "by_push": pushed.get(k)}
            for k, v in chosen.items()
        ]
        insert = into.values(rows)
        new = {"by_mail": insert.excluded.by_mail}
        if by_push is not None:
            new["by_push"] = insert.excluded.by_push
        db.session.execute(
            insert.on_conflict_do_update(index_elements=["user_id", "kind"], set_=new)
        )
    schedule = locked_schedule(user_id, digest_hour)
    schedule.hour = digest_hour
    if digest_hour is None:
        schedule.next_at = None
        db.session.execute(
            update(Notice)
            .where(Notice.user_id == user_id, Notice.mail_step == MailStep.DIGEST)
            .values(mail_step=MailStep.DONE)
            .execution_options(synchronize_session=False)
        )
    elif schedule.next_at is not None:
        zone = people.user_details(user_id).timezone
        schedule.next_at = rules.next_digest(utcnow(), digest_hour, zone, schedule.last_day)
    db.session.flush()
    after = queries.preferences(user_id)
    if before != after:
        audit.record(
            "notifications:preferences:choose",
            actor=actor,
            organization_id=None,
            subject_id=user_id,
            by_mail={kind: value.value for kind, value in after.by_mail.items()},
            by_push=sorted(kind for kind, wanted in after.by_push.items() if wanted),
            digest_hour=after.digest_hour,
        )


def locked_schedule(user_id: UUID, hour: int | None) -> DigestSchedule:
    """Lock the row of a person's digest; where there is none yet, it is made with this hour."""
    into = (sqlite if is_sqlite() else postgresql).insert(DigestSchedule)
    db.session.execute(
        into.values(user_id=user_id, hour=hour).on_conflict_do_nothing(index_elements=["user_id"])
    )
    row = db.session.get(DigestSchedule, user_id, with_for_update=True, populate_existing=True)
    assert row is not None  # just written, or there before
    return row


def turn_off(user_id: UUID, what: str, *, actor: Actor) -> None:
    """Send no more mail of a kind, or no more digests; a second time is harmless."""
    kept = queries.preferences(user_id).digest_hour
    if what == DIGEST:
        choose(user_id, {}, None, actor=actor)
    else:
        choose(user_id, {what: ByMail.NEVER}, kept, actor=actor)


def unsubscribe_url(user_id: UUID, what: str) -> str:
    """Return the address that turns one kind of mail off for one person, without signing in."""
    return mail.address(f"/unsubscribe/{_signer().dumps([user_id.hex, what])}")


def person_of_link(token: str) -> tuple[UUID, str]:
    """Return whose mail of which kind a link turns off. Raises NotFound for any other."""
    try:
        user_hex, what = _signer().loads(token)
        user_id = UUID(user_hex)
    except (BadSignature, ValueError, TypeError):
        raise NotFound("This link turns nothing off. It may have been copied in part.") from None
    if (what not in KINDS and what != DIGEST) or people.user(user_id) is None:
        raise NotFound("This link turns nothing off any more.")
    return user_id, what


def _signer() -> URLSafeSerializer:
    """Sign with the key all processes share: such a link opens nothing, and only turns off."""
    return URLSafeSerializer(settings().secret_key, salt="unsubscribe")
