"""Tells officers that a list runs out, and gives up on files nobody loaded (S-2, M-1)."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.audit import SYSTEM
from portal.core.formats import date_words, plural
from portal.dnc import queries
from portal.dnc.rules.days import FRESH_DAYS, NOTICE_DAYS
from portal.dnc.rules.verdict import list_name
from portal.dnc.service import receiving
from portal.dnc.values import SourceRef
from portal.notifications import service as notifications
from portal.people import queries as people

_FORGOTTEN_AFTER: Final = timedelta(days=FRESH_DAYS)


def tell_of_old_lists(organization_id: UUID, now: datetime) -> int:
    """Tell officers of each list that runs out within a week, and once more when it has.

    Days are those of the organization. Returns how many people are told now; each is told once.
    """
    organization = people.organization(organization_id)
    if organization is None:
        return 0
    today = now.astimezone(ZoneInfo(organization.timezone)).date()
    told = 0
    for source in queries.sources(organization_id, today):
        if source.days_left <= NOTICE_DAYS:
            told += _tell(organization_id, source)
    return told


def forget_unconfirmed(now: datetime) -> int:
    """Give up on files that were read a month ago and never loaded; return how many."""
    due = queries.forgotten_imports(now - _FORGOTTEN_AFTER)
    for organization_id, import_id in due:
        receiving.cancel(organization_id, import_id, actor=SYSTEM)
    return len(due)


def _tell(organization_id: UUID, source: SourceRef) -> int:
    is_over = source.days_left < 0
    name = list_name(source.source)
    title = f"{name[0].upper()}{name[1:]} "
    if is_over:
        title += f"is older than {FRESH_DAYS} days"
    elif source.days_left:
        title += f"runs out in {plural(source.days_left, 'day')}"
    else:
        title += "runs out today"
    told = people.officers(organization_id) or people.leads(organization_id)
    stage = "over" if is_over else "soon"
    return notifications.notify(
        organization_id=organization_id,
        account_id=None,
        user_ids=[person.id for person in told],
        kind="call_list",
        title=title,
        text=(
            f"Its oldest part was downloaded on {date_words(source.as_of)}. A list counts for "
            f"{FRESH_DAYS} days; after that, texts that rest on an inquiry alone ask for a check by "
            "hand. Import a new one."
        ),
        url=f"/organizations/{organization_id}/do-not-call",
        dedupe_key=f"call_list:{organization_id}:{source.source}:{source.as_of}:{stage}",
    )
