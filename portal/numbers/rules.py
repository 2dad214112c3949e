"""Rules about numbers: what a search may ask, and the carrier's errors in words (N-6)."""

import re
from enum import StrEnum

from portal.core import phone
from portal.core.errors import GatewayBusy, GatewayError, GatewayRejected
from portal.numbers.values import Trouble

PROVIDER = "Twilio"  # N-6
BAD_CREDENTIALS = (
    "Something went wrong. Please check your Twilio account credentials and message support "
    "if this persists"
)
LISTING_FAILED = (
    "Failed to retrieve Phone Numbers - Please refresh the page to attempt fetching the phone "
    "numbers again."
)
UNAUTHORIZED = "{provider} returned Unauthorized."
NO_SUBSCRIPTION = "You need an active subscription."  # B-1
NOT_REGISTERED = (
    "This number can't send yet: carriers take texts from US numbers only once the number is "
    "registered."
)  # N-5

NAME_LENGTH = 64  # the carrier's limit for a number's name

_BAD_TOKEN = 20003
_INACTIVE = frozenset({20005, 10001, 90010})
_GONE = 21422
_NO_NUMBERS = frozenset({21451, 21452})
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_WORDS = {
    21421: "Twilio does not know this number. Choose another one.",
    _GONE: "This number is no longer available. Choose another one.",
    21451: "There is no such area code. Choose another number.",
    21452: "No number is left in this area code. Choose another one.",
    21631: "This number can only be bought with a local address. Choose another one.",
    21712: "This number belongs to another messaging service at Twilio.",
    21714: "The messaging service is full: no more numbers fit. Message support.",
}
STATES = tuple(
    (line[:2], line[3:])
    for line in [
        "AL Alabama",
        "AK Alaska",
        "AZ Arizona",
        "AR Arkansas",
        "CA California",
        "CO Colorado",
        "CT Connecticut",
        "DE Delaware",
        "DC District of Columbia",
        "FL Florida",
        "GA Georgia",
        "HI Hawaii",
        "ID Idaho",
        "IL Illinois",
        "IN Indiana",
        "IA Iowa",
        "KS Kansas",
        "KY Kentucky",
        "LA Louisiana",
        "ME Maine",
        "MD Maryland",
        "MA Massachusetts",
        "MI Michigan",
        "MN Minnesota",
        "MS Mississippi",
        "MO Missouri",
        "MT Montana",
        "NE Nebraska",
        "NV Nevada",
        "NH New Hampshire",
        "NJ New Jersey",
        "NM New Mexico",
        "NY New York",
        "NC North Carolina",
        "ND North Dakota",
        "OH Ohio",
        "OK Oklahoma",
        "OR Oregon",
        "PA Pennsylvania",
        "RI Rhode Island",
        "SC South Carolina",
        "SD South Dakota",
        "TN Tennessee",
        "TX Texas",
        "UT Utah",
        "VT Vermont",
        "VA Virginia",
        "WA Washington",
        "WV West Virginia",
        "WI Wisconsin",
        "WY Wyoming",
    ]
)

_AREA_CODE = re.compile(r"[2-9][0-9]{2}")
_DIGITS = re.compile(r"[0-9*]{2,10}")
_NANP = re.compile(r"\+1[2-9][0-9]{9}")
_CHOOSE = "Choose the number again from the search."


class Doing(StrEnum):
    """What was asked of the carrier when it failed."""

    CONNECT = "connect"  # with the installation's own credentials
    LIST = "list"
    BUY = "buy"
    SET_UP = "set_up"


def explain(error: GatewayError, doing: Doing, *, is_installations: bool = False) -> Trouble:
    """Return N-6's sentence for a carrier's error, with its cause where it is known.

    Credentials are the installation's own while connecting, and where the caller says so.
    """
    if not isinstance(error, GatewayRejected):
        return _unanswered(error, doing)
    code = error.code
    if code in _INACTIVE:
        return Trouble(
            UNAUTHORIZED.format(provider=PROVIDER),
            f"The Twilio account is suspended or closed (code {code}). "
            "It can be set up again once Twilio has reactivated it.",
            code,
        )
    if code == _BAD_TOKEN or error.status == _UNAUTHORIZED:
        if doing is Doing.CONNECT or is_installations:
            return Trouble(
                BAD_CREDENTIALS, "Twilio does not accept the account SID or the token.", code
            )
        return Trouble(
            UNAUTHORIZED.format(provider=PROVIDER),
            "Twilio no longer accepts the saved token: it was changed or revoked.",
            code,
        )
    if error.status == _FORBIDDEN:
        return Trouble(
            UNAUTHORIZED.format(provider=PROVIDER),
            "The Twilio account may not do this.",
            code,
        )
    if doing is Doing.LIST:
        return Trouble(LISTING_FAILED, _said(error), code)
    if code in _WORDS:
        return Trouble(_WORDS[code], "", code)
    verb = "set the number up" if doing is Doing.SET_UP else "sell the number"
    return Trouble(f"Twilio would not {verb}.", _said(error), code)


def is_gone(error: GatewayError) -> bool:
    """Say whether the number could not be bought because somebody has it."""
    return isinstance(error, GatewayRejected) and error.code == _GONE


def is_empty_area(error: GatewayError) -> bool:
    """Say whether a search failed only because the area has no numbers."""
    return isinstance(error, GatewayRejected) and error.code in _NO_NUMBERS


def pace(e164: str, *, is_sandbox: bool) -> int:
    """Return the segments a second a number may send (RULINGS 12, FACTS 1.13)."""
    if is_sandbox:
        return 100
    return 3 if e164[2:5] in _TOLL_FREE and e164.startswith("+1") else 1


def is_area_code(text: str) -> bool:
    """Say whether text has the form of a North American area code."""
    return _AREA_CODE.fullmatch(text) is not None and text[1:] != "11"


def are_digits(text: str) -> bool:
    """Say whether text can be looked for inside a number: digits, * for any one."""
    return _DIGITS.fullmatch(text) is not None


def why_not_for_sale(e164: str) -> str | None:
    """Return why no account can get a number, whoever offers it (N-1); None: it may ask for it."""
    try:
        found = phone.parse(e164)
    except phone.PhoneError as error:
        return f"{error.message} {_CHOOSE}"
    if found.e164 != e164 or found.country_code != 1 or not _NANP.fullmatch(e164):
        return f"“{e164[:20]}” is not a US number written like +13125550142. {_CHOOSE}"
    if found.kind is phone.Kind.PREMIUM:
        return f"{phone.show(e164)} is a premium number, whose callers pay for it. {_CHOOSE}"
    if found.kind is phone.Kind.TOLL_FREE:
        return f"{phone.show(e164)} is a toll-free number; texts go out from local ones. {_CHOOSE}"
    return None


def subaccount_name(organization_id: object) -> str:
    """Return the name by which a crashed set-up finds its sub-account or service again."""
    return f"ConsentDesk {organization_id}"


def inbound_url(public_url: str) -> str:
    """Return where the carrier posts texts to a number, and how it retries (PROMISES 1.5)."""
    return f"{public_url.rstrip('/')}/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000"


def _unanswered(error: GatewayError, doing: Doing) -> Trouble:
    if doing is Doing.LIST:
        return Trouble(LISTING_FAILED, "Twilio could not be reached.")
    if doing is Doing.CONNECT:
        return Trouble("Twilio did not answer.", "Nothing was bought. Try again in a minute.")
    if doing is Doing.SET_UP:
        return Trouble(
            "The number is yours, but setting it up was broken off.",
            "Twilio did not answer. Nothing is bought twice when you go on.",
        )
    if isinstance(error, GatewayBusy):
        return Trouble("Twilio could not be reached.", "Nothing was bought. Try again in a minute.")
    return Trouble(
        "Twilio did not answer in time, so the number may or may not be yours.",
        "Check and go on: we look for it first, so nothing is bought twice.",
    )


def _said(error: GatewayRejected) -> str:
    words = str(error).strip().rstrip(".")
    return f"Twilio said: {words}." if words else ""
