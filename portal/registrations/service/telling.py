"""Telling leads and officers how a registration stands (N-5)."""

from typing import Final
from uuid import UUID

from portal.core import phone
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.registrations.models import Registration
from portal.texting_accounts import queries as accounts

_TITLES: Final = {
    "brand": "The carriers approved your brand",
    "registered": "{what} is registered: texts can leave",
    "rejected": "The carriers rejected the registration of {what}",
    "suspended": "The carriers suspended {what}: texts stand still",
    "trouble": "The registration of {what} can't go on",
}
_TEXTS: Final = {
    "brand": "Its campaign was sent in next. That review can take up to 15 business days.",
    "registered": "Numbers that were waiting for it may send from now on.",
    "suspended": "Open the registration to see what to do. It is looked at again every hour.",
}


def tell(row: Registration, event: str, text: str = "") -> None:
    """Tell leads and officers, once a round and event."""
    about = phone.show(row.e164) if row.e164 else "your campaign"
    title = _TITLES[event].format(what=about)
    notifications.notify(
        organization_id=row.organization_id,
        account_id=None,
        user_ids=_receivers(row),
        kind="numbers",
        title=title[:1].upper() + title[1:],
        text=text or _TEXTS[event],
        url=f"/organizations/{row.organization_id}/registrations/{row.id}",
        dedupe_key=f"registration:{row.id}:{row.round}:{event}",
    )


def _receivers(row: Registration) -> list[UUID]:
    """Return whom it concerns: officers, and all leads or those over the toll-free number."""
    officers = [officer.id for officer in people.officers(row.organization_id)]
    if row.e164 is None:
        return [*officers, *(lead.id for lead in people.leads(row.organization_id))]
    sender = numbers.sender_by_e164(row.organization_id, row.e164)
    account = accounts.account(sender.account_id) if sender else None
    return [*officers, *(accounts.watchers(account) if account else ())]
