"""Closing a texting account for good: nothing leaves from it any more (SPEC 1, B-7)."""

from portal.core import formats
from portal.core.audit import Actor
from portal.messaging.errors import NameNotTyped
from portal.messaging.service import campaigns, happenings
from portal.messaging.service.campaigns import CancelReport
from portal.notifications import service as notifications
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as texting_accounts
from portal.texting_accounts.values import AccountRef


def close_account(account: AccountRef, *, typed: str, reason: str, actor: Actor) -> CancelReport:
    """Close an account whose name was typed, cancel what waits there, and tell its people.

    Its subscription ends on the 1st by itself, and its numbers go back then. A second time is
    harmless. Raises NameNotTyped.
    """
    if _tidy(typed) != _tidy(account.name):
        raise NameNotTyped(account.name)
    was_closed = accounts.is_closed(account.id)
    texting_accounts.close(account.id, reason=reason, actor=actor)
    if not was_closed:
        happenings.CLOSED.tell(account, actor)  # before the texts: it locks what asked for them
    report = campaigns.cancel_all(account.tenant, actor=actor)
    if not was_closed:
        _tell(account, reason, actor, report)
    return report


def _tell(account: AccountRef, reason: str, actor: Actor, report: CancelReport) -> None:
    gone = ""
    if report.canceled:
        gone = f" {formats.plural(report.canceled, 'waiting text')} will not be sent."
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[id_ for id_ in accounts.watchers(account) if id_ != actor.id],
        kind="trouble",
        title=f"{account.name} was closed",
        text=f"{actor.label} closed it: {reason}{gone} Its numbers go back to the carrier when "
        "its subscription ends.",
        url=f"/accounts/{account.id}/settings",
        dedupe_key=f"closed:{account.id}",
    )


def _tidy(name: str) -> str:
    return " ".join(name.split()).casefold()
