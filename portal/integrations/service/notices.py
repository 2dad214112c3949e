"""What an account's people are told of its webhooks."""

from uuid import UUID

from portal.notifications import service as notifications
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def tell(account: AccountRef, endpoint_id: UUID, url: str, off: str | None, *, once: str) -> None:
    """Tell that an event was given up, or why the webhook is off now; `once` names the news."""
    host = url.partition("//")[2].partition("/")[0]
    title, text = f"An event could not be delivered to {host}", "Every try of a day failed."
    if off is not None:
        title, text = f"The webhook to {host} is switched off", off
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=accounts.watchers(account),
        kind="webhook",
        title=title,
        text=f"{text} Look at the delivery log.",
        url=f"/accounts/{account.id}/webhooks/{endpoint_id}",
        dedupe_key=f"webhook:{once}",
    )
