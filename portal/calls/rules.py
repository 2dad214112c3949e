"""Rules about calls: which phones they may go to, what is said, what a call counts (N-8)."""

import hashlib
import hmac
from collections.abc import Collection
from typing import Final

from portal.calls.values import CallState
from portal.core import phone
from portal.core.phone import Kind, PhoneError

RING_S: Final = 25  # before most voicemail boxes take a call
CODE_DIGITS: Final = 6
_CARRIERS_MINUTE_S: Final = 60  # billed by begun minutes
_ANSWERED: Final = "completed"
_ORDER: Final = (CallState.RINGING, CallState.TOLD, CallState.MISSED, CallState.ANSWERED)


def read_phone(raw: str, own: Collection[str]) -> tuple[str | None, str]:
    """Return a phone calls may go to, or None and why not. `own` are the brokerage's numbers."""
    try:
        found = phone.parse(raw)
    except PhoneError as error:
        return None, error.message
    if found.country_code != 1 or found.is_caribbean:
        return None, "Calls are forwarded within the US and Canada only: others cost extra."
    if found.kind in (Kind.PREMIUM, Kind.TOLL_FREE, Kind.SHORT):
        return None, "Calls can't go to a toll-free or premium number. Enter a person's own phone."
    if found.e164 in own:
        return None, "This is one of your texting numbers: calls would go round in circles."
    return found.e164, ""


def code_hash(secret: str, sender_id: object, e164: str, code: str) -> str:
    """Return what is kept of a code: bound to the number and the phone it was said to."""
    said = f"forwarding\n{sender_id}\n{e164}\n{code}"
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def code_words(application: str, code: str) -> tuple[str, ...]:
    """Return what the verification call says: the code twice, digit by digit."""
    digits = ", ".join(code)
    return (
        f"This is {application}. Somebody wants calls to a texting number to go to this phone.",
        f"If that is you, the code is: {digits}.",
        f"Once more: {digits}. If not, just hang up.",
    )


def told_words(name: str) -> tuple[str, ...]:
    """Return what callers hear at a number that is not forwarded."""
    return (
        f"You have reached {name}.",
        "This number takes text messages only. Please hang up and send a text. Goodbye.",
    )


def missed_words(name: str) -> tuple[str, ...]:
    """Return what callers hear when nobody took their call."""
    return (
        f"Nobody at {name} can take your call right now.",
        "Please send a text to this number. Goodbye.",
    )


def minutes(seconds: int | None) -> int:
    """Return the minutes a leg counts: each begun one, as the carrier bills."""
    return -(-(seconds or 0) // _CARRIERS_MINUTE_S)


def ended_as(dialed: str | None) -> CallState:
    """Return what the end of the forwarding leg says of the call."""
    return CallState.ANSWERED if dialed == _ANSWERED else CallState.MISSED


def further(was: CallState, now: CallState) -> CallState:
    """Return the state after news that may come late or twice: the one further on (I10)."""
    return max(was, now, key=_ORDER.index)
