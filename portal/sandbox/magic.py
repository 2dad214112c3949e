"""Numbers that behave in a chosen way: one table for the code, the page and the manual."""

import re
from dataclasses import dataclass
from typing import Literal

Effect = Literal["refuse", "deliver", "stick", "slow", "callbacks", "fault"]


@dataclass(frozen=True)
class Magic:
    """One number, or one ending, and what happens to a text sent to it."""

    number: str
    effect: Effect
    words: str
    code: int = 0
    final: str = "delivered"
    fault: str = ""
    times: int = 0  # the fault happens so many times a number, then no more; 0 is always
    seconds: float = 0.0
    callbacks: str = "plain"

    @property
    def is_family(self) -> bool:
        """Say whether any area code will do."""
        return not self.number.startswith("+")

    @property
    def shown(self) -> str:
        """Return the number as the page and the manual write it."""
        return f"+1 NPA {self.number}" if self.is_family else self.number


def _refuse(number: str, code: int, words: str) -> Magic:
    return Magic(number, "refuse", words, code=code)


def _undelivered(number: str, code: int, words: str, final: str = "undelivered") -> Magic:
    return Magic(number, "deliver", words, code=code, final=final)


def _fault(number: str, fault: str, words: str, times: int = 0) -> Magic:
    return Magic(number, "fault", words, fault=fault, times=times)


# Twilio's own test numbers come first, as documented for its test credentials.
# The families are 555-1xxx in any area code, so that each time zone can be tried.
TO: tuple[Magic, ...] = (
    _refuse("+15005550001", 21211, "not a phone number"),
    _refuse("+15005550002", 21612, "no route"),
    _refuse("+15005550003", 21408, "country not enabled"),
    _refuse("+15005550004", 21610, "opted out"),
    _refuse("+15005550009", 21614, "not a mobile number"),
    _refuse("555-1211", 21211, "not a phone number"),
    _refuse("555-1408", 21408, "country not enabled"),
    _refuse("555-1610", 21610, "opted out"),
    _refuse("555-1611", 21611, "sender's queue is full"),
    _refuse("555-1612", 21612, "no route"),
    _refuse("555-1614", 21614, "not a mobile number"),
    _undelivered("555-1002", 30002, "account suspended after the text was queued", "failed"),
    _undelivered("555-1003", 30003, "phone is off or out of reach"),
    _undelivered("555-1004", 30004, "blocked by the person or the carrier"),
    _undelivered("555-1005", 30005, "number unknown or out of service"),
    _undelivered("555-1006", 30006, "landline"),
    _undelivered("555-1007", 30007, "filtered as spam"),
    _undelivered("555-1008", 30008, "fails for an unknown reason"),
    _undelivered("555-1017", 30017, "carrier congested"),
    _undelivered("555-1022", 30022, "campaign's rate exceeded"),
    _undelivered("555-1034", 30034, "sender not registered"),
    Magic("555-1036", "stick", "stays queued until its validity ends, then 30036", code=30036),
    Magic("555-1060", "slow", "delivered after 60 seconds", seconds=60),
    Magic("555-1070", "deliver", "sent, but no receipt ever comes", final="sent"),
    Magic("555-1071", "callbacks", "delivered, but no callback ever comes", callbacks="lost"),
    Magic("555-1072", "callbacks", "each callback comes twice", callbacks="doubled"),
    Magic("555-1073", "callbacks", "delivered is reported before sent", callbacks="reordered"),
    _fault("555-1428", "429", "HTTP 429 every time"),
    _fault("555-1429", "429", "HTTP 429 once, then accepted", times=1),
    _fault("555-1500", "500_before", "HTTP 500, not accepted"),
    _fault("555-1501", "500_after", "HTTP 500, yet accepted"),
    _fault("555-1503", "503_before", "HTTP 503, not accepted"),
    _fault("555-1510", "reset_before", "connection reset, not accepted"),
    _fault("555-1511", "reset_after", "connection reset, yet accepted"),
    _fault("555-1521", "timeout_after", "accepted, the answer never comes"),
    _fault("555-1531", "truncated_after", "accepted, the answer breaks off half-way"),
    _fault("555-1540", "garbage_before", "HTTP 200 with a page of nonsense, not accepted"),
    _fault("555-1541", "garbage_after", "HTTP 200 with a page of nonsense, yet accepted"),
)

FROM: tuple[Magic, ...] = (
    _refuse("+15005550001", 21212, "not a phone number"),
    _refuse("+15005550007", 21606, "not owned by the account"),
    _refuse("+15005550008", 21611, "sender's queue is full"),
    Magic("+15005550006", "deliver", "valid sender, owned by nobody"),
)

BUY: tuple[Magic, ...] = (
    _refuse("+15005550000", 21422, "not available"),
    _refuse("+15005550001", 21421, "not a phone number"),
    Magic("+15005550006", "deliver", "bought"),
    _refuse("533", 21452, "as AreaCode: no numbers there"),
)

_ENDING = re.compile(r"\+1\d{3}(555)(1\d{3})")


def find(table: tuple[Magic, ...], number: str) -> Magic | None:
    """Return the magic of a number, or None for an ordinary one."""
    ending = _ENDING.fullmatch(number)
    names = {number} | ({f"{ending[1]}-{ending[2]}"} if ending else set())
    return next((magic for magic in table if magic.number in names), None)
