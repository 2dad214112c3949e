"""Telling those who look after an account how its port-in stands (N-3)."""

from typing import Final

from portal.core import phone
from portal.notifications import service as notifications
from portal.porting.models import PortIn
from portal.texting_accounts import queries as accounts

_TITLES: Final = {
    "signature": "Sign Twilio's letter to move {number}",
    "turned_down": "{number} can't move yet: something is to be mended",
    "dated": "{number} moves on {day}",
    "near": "{number} moves tomorrow",
    "waits": "{number} waits for somebody to act",
    "done": "{number} is here",
    "canceled": "{number} stays with its carrier",
    "trouble": "Bringing {number} over stands still",
}
_TEXTS: Final = {
    "signature": "Twilio mailed it to {email}. Nothing moves until it is signed there.",
    "dated": "Keep it in service at its current carrier until then.",
    "near": "Keep it in service at its current carrier. Texts may come a few hours after calls.",
    "waits": "It does not move by itself: a letter is not signed, or something is to be mended.",
    "done": "People who text it reach you here. Cancel what is left at the old carrier.",
    "canceled": "The request was called off. Nothing was changed at its carrier.",
}


def tell(row: PortIn, event: str, text: str = "") -> int:
    """Tell the account's people, once a round and event; return how many are told now."""
    account = accounts.account(row.account_id)
    assert account is not None  # the row names it
    day = f"{row.port_date.day} {row.port_date:%b}" if row.port_date else ""
    words = {"number": phone.show(row.e164), "day": day, "email": row.details.get("email", "")}
    return notifications.notify(
        organization_id=row.organization_id,
        account_id=row.account_id,
        user_ids=accounts.watchers(account),
        kind="numbers",
        title=_TITLES[event].format(**words),
        text=text or _TEXTS[event].format(**words),
        url=f"/accounts/{row.account_id}/numbers/port-ins/{row.id}",
        dedupe_key=f"port_in:{row.id}:{row.round}:{event}:{day if event in _DATED else ''}",
    )


_DATED: Final = ("dated", "near")
