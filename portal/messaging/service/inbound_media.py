"""Files that came with texts: noted with the text, fetched by a worker, shown once they are safe (S-7).

One file is one worker's at a time: whoever claims it moves its next try away. A worker that dies
leaves it to that try.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from portal.core import clock, jobs
from portal.core.audit import SYSTEM
from portal.core.db import db
from portal.core.erasing import ERASED
from portal.core.jobs import Job
from portal.gateways.carrier_media import media_sid
from portal.gateways.texted import Texted
from portal.media import service as media
from portal.messaging.models import InboundMedia, InboundText
from portal.messaging.values import Fetching, MediaRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

MOST_TRIES: Final = 8
NO_LONGER: Final = "the carrier has it no more"
NEVER: Final = "the carrier did not hand it over"
_FIRST_WAIT: Final = timedelta(seconds=30)  # longer than a fetch takes; doubled with each try
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Coming:
    """One file that is to be fetched now."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    message_sid: str
    media_sid: str
    tries: int


def note(account: AccountRef, message_sid: str, found: Sequence[MediaRef], now: datetime) -> None:
    """Have the files of a text fetched, once it is kept."""
    rows = [
        {
            "organization_id": account.organization_id,
            "account_id": account.id,
            "message_sid": message_sid,
            "position": position,
            "media_sid": sid,
            "next_try_at": now,
        }
        for position, item in enumerate(found)
        if (sid := media_sid(item.url))
    ]
    if rows:
        db.session.execute(insert(InboundMedia), rows)
        jobs.request(Job.FETCH_MEDIA, account.id)


def due_accounts(now: datetime) -> list[UUID]:
    """Return the accounts that have a file to be fetched."""
    i = InboundMedia
    query = select(i.account_id).where(i.state == Fetching.WAITING, i.next_try_at <= now)
    return list(db.session.scalars(query.distinct()))


def claim(account_id: UUID) -> list[Coming]:
    """Take the files of an account that are due, so that no other worker does for a while."""
    i, now = InboundMedia, clock.utcnow()
    rows = db.session.scalars(
        select(i)
        .where(i.account_id == account_id, i.state == Fetching.WAITING, i.next_try_at <= now)
        .order_by(i.next_try_at, i.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.next_try_at = now + _FIRST_WAIT * 2**row.tries
        row.tries += 1
    return [
        Coming(
            row.id, row.organization_id, row.account_id, row.message_sid, row.media_sid, row.tries
        )
        for row in rows
    ]


def keep(coming: Coming, checked: Texted) -> None:
    """Keep a file that was fetched and show it in its text; one erased meanwhile is let go."""
    row, text = _locked(coming)
    if row is None or text is None:
        return
    account = accounts.account(coming.account_id)
    assert account is not None  # no account is ever deleted
    file = media.keep(account, checked, actor=SYSTEM, is_used=True)
    row.state, row.file_id = Fetching.KEPT, file.id
    _show(text, row.position, {"file": str(file.id), "content_type": file.media_type,
                               "name": file.name, "size": file.size})  # fmt: skip


def give_up(coming: Coming, state: Fetching, problem: str) -> None:
    """Say in its text why a file can't be shown."""
    row, text = _locked(coming)
    if row is None or text is None:
        return
    row.state, row.problem = state, problem[:200]
    _show(text, row.position, {"problem": problem[:200]})


def _locked(coming: Coming) -> tuple[InboundMedia | None, InboundText | None]:
    """Lock a text and its file, as they are now; neither where the text lost its words."""
    text = db.session.scalar(
        select(InboundText)
        .where(
            InboundText.organization_id == coming.organization_id,
            InboundText.sid == coming.message_sid,
            InboundText.body != ERASED,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if text is None:
        db.session.execute(delete(InboundMedia).where(InboundMedia.id == coming.id))
        return None, None
    row = db.session.scalar(
        select(InboundMedia)
        .where(InboundMedia.id == coming.id, InboundMedia.state == Fetching.WAITING)
        .execution_options(populate_existing=True)
    )
    return row, text


def _show(text: InboundText, position: int, more: dict[str, Any]) -> None:
    shown = [item | more if place == position else item for place, item in enumerate(text.media)]
    db.session.execute(
        update(InboundText)
        .where(InboundText.id == text.id)
        .values(media=shown)
        .execution_options(synchronize_session=False)
    )
