"""Telling the account's people how a transfer stands (N-2)."""

from typing import Final

from portal.core import phone
from portal.notifications import service as notifications
from portal.texting_accounts import queries as accounts
from portal.transfers.models import Transfer

_TITLES: Final = {
    "arrived": "{what} is here",
    "token": "Twilio no longer accepts the old account's token",
    "stopped": "Bringing over {what} stands still",
    "expired": "Bringing over {what} was given up",
}
_TEXTS: Final = {
    "arrived": "Its texts come here from now on. Send it a test text to see that they do.",
    "token": "Enter the new one, so that the number can be brought over.",
    "expired": "Nobody went on with it, so the old account's token was deleted. Start again any time.",
}


def tell(row: Transfer, event: str, text: str = "") -> None:
    """Tell the account's owner and leads, once an event."""
    account = accounts.account(row.account_id)
    assert account is not None  # the row names it
    about = phone.show(row.e164) if row.e164 else "your number"
    notifications.notify(
        organization_id=row.organization_id,
        account_id=row.account_id,
        user_ids=accounts.watchers(account),
        kind="numbers",
        title=_TITLES[event].format(what=about),
        text=text or _TEXTS[event],
        url=f"/accounts/{row.account_id}/numbers/transfers/{row.id}",
        dedupe_key=f"transfer:{row.id}:{event}:{row.lease if event == 'token' else 0}",
    )
