"""Reminders of what appeals wait for: once before it is due, once after (A-5)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from portal.appeals import queries
from portal.appeals.models import AppealReminder
from portal.appeals.rules.waiting import SOON
from portal.appeals.service.telling import notify, tell
from portal.appeals.values import CaseRef, Happening, State, Urgency
from portal.core import clock, formats
from portal.core.audit import SYSTEM
from portal.core.db import db, is_sqlite
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_WAITS: Final = {
    State.DRAFT: ("The next round of an appeal is due", "It has to be written and handed in"),
    State.RETURNED: ("A returned appeal is due", "It has to be mended and handed in again"),
    State.IN_REVIEW: ("An appeal waits for review", "An officer has one business day"),
    State.APPROVED: ("An approved appeal is not sent yet", "It has to be submitted"),
    State.SUBMITTED: ("The carrier's answer to an appeal is due", "Ask them about the ticket"),
    State.INFORMATION_REQUESTED: ("The carrier waits for an answer", "It has to be sent"),
}
_REVIEWED: Final = frozenset({State.IN_REVIEW, State.APPROVED})


def untold(urgency: Urgency) -> Callable[[UUID | None], list[UUID]]:
    """Return what reads cases due soon or late of which nobody was told so yet."""
    before = clock.utcnow() + (SOON if urgency is Urgency.SOON else timedelta())
    return lambda after: queries.due_by(before, urgency, after)


def remind(case_id: UUID, urgency: Urgency) -> bool:
    """Tell whom it concerns that a case is due soon, or late; each once. Say whether it was told."""
    case, now = queries.case_by_id(case_id), clock.utcnow()
    if case is None or case.due_at is None or case.state not in _WAITS:
        return False
    if (now < case.due_at) if urgency is Urgency.LATE else (now >= case.due_at):
        # What was late before anybody could be told that it is due soon is told as late alone.
        if urgency is Urgency.SOON:
            _note(case, urgency)
        return False
    if not _note(case, urgency):
        return False
    account = accounts.get_or_404(case.tenant)
    title, what = _WAITS[case.state]
    moment = formats.moment(case.due_at, account.timezone)
    when = f"by {moment}" if urgency is Urgency.SOON else f"since {moment}, which is over"
    notify(
        case,
        account,
        _whom(case, account, urgency),
        title=f"{'Late: ' if urgency is Urgency.LATE else ''}{title}",
        text=f"{what}, {when}.",
        key=f"appeal-due:{case.id}:{case.due_at.isoformat()}:{urgency.value}",
    )
    tell(
        case,
        Happening.REMINDED,
        actor=SYSTEM,
        text="Late" if urgency is Urgency.LATE else "Due soon",
    )
    return True


def _note(case: CaseRef, urgency: Urgency) -> bool:
    """Write down that people are told; False: somebody did before."""
    row = {
        "case_id": case.id,
        "due_at": case.due_at,
        "urgency": urgency,
        "organization_id": case.organization_id,
        "account_id": case.account_id,
        "told_at": clock.utcnow(),
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(AppealReminder).values(row)
    told = db.session.scalar(insert.on_conflict_do_nothing().returning(AppealReminder.case_id))
    return told is not None


def _whom(case: CaseRef, account: AccountRef, urgency: Urgency) -> list[UUID]:
    """Return who has to act; once it is late, everybody who could."""
    officers = [one.id for one in people.officers(case.organization_id)]
    watchers = accounts.watchers(account)
    if case.state in _REVIEWED:
        first = officers or watchers
    else:
        first = [id_ for id_ in (case.assignee_id, case.created_by_id) if id_] + watchers
    return list(dict.fromkeys([*first, *officers, *watchers] if urgency is Urgency.LATE else first))
