"""Why a carrier does not let a number go, in plain words, with the field to mend (N-3).

Losing carriers write reasons in words of their own, so the words decide, not Twilio's code.
"""

import re
from typing import Final

from portal.porting.values import Page, Problem

_C, _A, _L = Page.CARRIER, Page.AUTHORITY, Page.LETTER
# The first that fits counts, so what is more exact comes first.
_REASONS: Final[tuple[tuple[str, str, Page, str], ...]] = (
    (r"freeze|frozen|port protection|lock", "account_number", _C, "The number is locked against moving. Have your current carrier lift the lock (port protection), then send it in again."),
    (r"already in progress", "account_number", _C, "Another request for this number is open at Twilio. Have it canceled there or wait for its end, then send it in again."),
    (r"pending order|open order|order in progress", "account_number", _C, "There is an open order on the account at your current carrier. Wait until it is closed, or cancel it, then send it in again."),
    (r"invoice|\bbills?\b|document|csr", "bill", _A, "The bill was not accepted. Upload the newest one, at most 30 days old, that shows the name, the address and the number."),
    (r"\bpin\b|passcode|password", "pin", _C, "The PIN is not your current carrier's. Ask it for the PIN for moving a number, often another one than that of the account."),
    (r"account number", "account_number", _C, "The account number is not your current carrier's. Copy it from the bill."),
    (r"account telephone|billing telephone|\bbtn\b", "account_phone", _C, "The account's main number is not your current carrier's. Copy it from the bill."),
    (r"address|zip|street|city", "street", _C, "The service address is not the one your current carrier has. Copy it from the bill, word for word."),
    (r"authori[sz]|signature|signer|\bloa\b|representative", "representative", _A, "Whoever signed is not allowed to at your current carrier. Name the owner of the account, or somebody listed on it."),
    (r"name|entity|customer", "customer_name", _C, "The name is not the one your current carrier has. Copy it from the bill, word for word."),
    (r"date|due", "on", _L, "The day was not accepted. Choose a later one."),
    (r"not (with|served by|found)|inactive|disconnect", "account_number", _C, "Your current carrier says it does not have this number, or that it is switched off. Keep it in service until it has moved."),
)  # fmt: skip
_UNKNOWN: Final = "The carriers turned it down without a reason we know. Ask your current carrier."
EXPIRED: Final = Problem(
    "email",
    _A,
    "Nobody signed Twilio's letter in time. Check the e-mail address of whoever signs, and send "
    "it in again.",
)


def explain(said: str) -> tuple[Problem, ...]:
    """Return what a carrier's reason asks to be mended; there is always one."""
    words = " ".join(said.split())[:300]
    for pattern, field, page, sentence in _REASONS:
        if re.search(pattern, words, re.IGNORECASE):
            return (Problem(field, page, sentence, words),)
    sentence = f"The carriers said: {words.rstrip('.')}." if words else _UNKNOWN
    return (Problem("account_number", _C, sentence),)
