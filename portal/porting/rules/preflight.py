"""What would get a request turned down, found before it is sent in (N-3)."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from portal.core import phone
from portal.core.formats import date_words
from portal.porting.values import Details, Page, PortInRef, Problem

LEAD_DAYS: Final = 7  # Twilio's, for US numbers (FACTS 1.11)
MOST_DAYS: Final = 90
BILL_DAYS: Final = 30
_ZIP: Final = re.compile(r"[0-9]{5}(-[0-9]{4})?")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_BOX: Final = re.compile(r"\bp\.?\s*o\.?\s*box\b", re.IGNORECASE)
_NEEDED: Final = (
    ("customer_name", Page.CARRIER, "Enter the name on the account, as on the bill."),
    ("street", Page.CARRIER, "Enter the service address, as on the bill."),
    ("city", Page.CARRIER, "Enter the city of the service address."),
    ("state", Page.CARRIER, "Choose the state of the service address."),
    ("representative", Page.AUTHORITY, "Enter who signs: first and last name."),
    ("email", Page.AUTHORITY, "Enter the e-mail address of whoever signs."),
)


def earliest(today: date) -> date:
    """Return the first day a number can move when it is asked for today."""
    return today + timedelta(days=LEAD_DAYS)


def check(known: PortInRef, today: date) -> tuple[Problem, ...]:
    """Return everything that keeps a request from being sent in; today is Twilio's."""
    said = known.details
    found = [
        Problem(name, page, sentence) for name, page, sentence in _NEEDED if not getattr(said, name)
    ]
    return (*found, *_about_carrier(known), *_about_authority(known), *_about_day(said, today))


def _about_carrier(known: PortInRef) -> Iterable[Problem]:
    said = known.details
    if said.street and _BOX.search(said.street):
        yield Problem("street", Page.CARRIER, "Enter a street: carriers take no P.O. box.")
    if not _ZIP.fullmatch(said.postal_code):
        yield Problem("postal_code", Page.CARRIER, "Enter a ZIP code, like 60606.")
    if said.account_phone and not _is_number(said.account_phone):
        sentence = "Enter the account's main number with area code, or leave it empty."
        yield Problem("account_phone", Page.CARRIER, sentence)
    if not known.has_account_number:
        yield Problem("account_number", Page.CARRIER, "Enter the account number, as on the bill.")
    if known.needs_pin and not known.has_pin:
        sentence = "Enter the PIN for moving a number. Your current carrier tells you."
        yield Problem("pin", Page.CARRIER, sentence)


def _about_authority(known: PortInRef) -> Iterable[Problem]:
    said = known.details
    if said.representative and " " not in said.representative.strip():
        yield Problem("representative", Page.AUTHORITY, "Enter both first and last name.")
    if said.email and not _MAIL.fullmatch(said.email):
        sentence = "Enter an e-mail address, like ann@example.com."
        yield Problem("email", Page.AUTHORITY, sentence)
    if not said.may_sign:
        sentence = (
            "Only the account's owner, or somebody listed on it, may sign. Tick that it is so."
        )
        yield Problem("may_sign", Page.AUTHORITY, sentence)
    if known.bill is None:
        sentence = f"Upload a bill of your current carrier, at most {BILL_DAYS} days old."
        yield Problem("bill", Page.AUTHORITY, sentence)


def _about_day(said: Details, today: date) -> Iterable[Problem]:
    first, last = earliest(today), today + timedelta(days=MOST_DAYS)
    if said.day is None:
        yield Problem("on", Page.LETTER, "Choose the day it should move.")
    elif not first <= said.day <= last:
        sentence = (
            f"Choose a day from {date_words(first)} to {date_words(last)}: carriers need a week."
        )
        yield Problem("on", Page.LETTER, sentence)


def _is_number(text: str) -> bool:
    try:
        phone.parse(text)
    except phone.PhoneError:
        return False
    return True
