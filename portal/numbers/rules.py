"""Rules about numbers: what a search may ask, and the carrier's errors in words (N-6)."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

from portal.core import phone
from portal.core.errors import GatewayBusy, GatewayError, GatewayRejected
from portal.core.steps import Trouble
from portal.numbers.values import NumberHooks

PROVIDER = "Twilio"  # N-6
SUPPORT_URL: Final = "https://help.twilio.com/"  # where people write to Twilio's support
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
WAITS = "The number is bought, but it can't be set up while the account is stopped."  # N-7
NOT_REGISTERED = (
    "This number can't send yet: carriers take texts from US numbers only once the number is "
    "registered."
)  # N-5

COOLING_OFF: Final = timedelta(days=7)  # between asking to give a number back and doing it (N-4)
MISSED_FOR: Final = timedelta(minutes=30)  # before a number that can't be found counts as gone

NAME_LENGTH = 64  # the carrier's limit for a number's name

_BAD_TOKEN = 20003
_INACTIVE = frozenset({20005, 10001, 90010})
_GONE = 21422
_NO_NUMBERS = frozenset({21451, 21452})
_NEVER_OURS = _NO_NUMBERS | {21421, _GONE, 21631}
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_WORDS = {
    21421: "Twilio does not know this number. Choose another one.",
    _GONE: "This number is no longer available. Choose another one.",
    21451: "There is no such area code. Choose another number.",
    21452: "No number is left in this area code. Choose another one.",
    21473: "The old account has another owner at Twilio, so only Twilio's support can move it.",
    21474: "Only the owner of both accounts at Twilio can move the number.",
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
    REGISTER = "register"
    CALL = "call"
    OPEN_OLD = "open_old"  # with the credentials of the account a number comes from
    MOVE = "move"


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
        if doing in (Doing.CONNECT, Doing.OPEN_OLD) or is_installations:
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
    verb = {
        Doing.SET_UP: "set the number up",
        Doing.REGISTER: "take this",
        Doing.CALL: "call that phone",
        Doing.MOVE: "move it",
        Doing.OPEN_OLD: "open the account",
    }
    return Trouble(f"Twilio would not {verb.get(doing, 'sell the number')}.", _said(error), code)


def is_about_account(error: GatewayRejected) -> bool:
    """Say whether a refusal is about the account or its token, not about what was asked for."""
    return error.code in _INACTIVE or error.code == _BAD_TOKEN


def is_gone(error: GatewayError) -> bool:
    """Say whether the number could not be bought because somebody has it."""
    return isinstance(error, GatewayRejected) and error.code == _GONE


def needs_another(trouble: Trouble) -> bool:
    """Say whether only another number helps, whatever is tried with this one."""
    return trouble.code in _NEVER_OURS


def is_empty_area(error: GatewayError) -> bool:
    """Say whether a search failed only because the area has no numbers."""
    return isinstance(error, GatewayRejected) and error.code in _NO_NUMBERS


def pace(e164: str, *, is_sandbox: bool) -> int:
    """Return the segments a second a number may send (RULINGS 12, FACTS 1.13)."""
    if is_sandbox:
        return 100
    return 3 if is_toll_free(e164) else 1


def is_toll_free(e164: str) -> bool:
    """Say whether a number is toll-free in North America: it is registered by itself (N-5)."""
    return e164.startswith("+1") and e164[2:5] in _TOLL_FREE


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
    return None


def is_same_number(typed: str, e164: str) -> bool:
    """Say whether somebody typed this number, however they write it."""
    try:
        return phone.parse(typed).e164 == e164
    except phone.PhoneError:
        return False


def subaccount_name(organization_id: object) -> str:
    """Return the name by which a crashed set-up finds its sub-account or service again."""
    return f"ConsentDesk {organization_id}"


def hooks(public_url: str) -> NumberHooks:
    """Return where the carrier posts a number's texts and calls, and how it retries (PROMISES 1.5).

    A caller waits for the answer to `voice`, so that one is given up sooner.
    """
    root = f"{public_url.rstrip('/')}/webhooks/twilio"
    patient = "#rc=5&rp=all&ct=3000&rt=8000"
    return NumberHooks(
        sms_url=f"{root}/sms{patient}",
        voice_url=f"{root}/voice#rc=2&rp=all&ct=2000&rt=5000",
        call_status_url=f"{root}/call-status{patient}",
    )


def porting_url(public_url: str) -> str:
    """Return where the carrier posts news of numbers that are brought over (N-3)."""
    return f"{public_url.rstrip('/')}/webhooks/twilio/porting#rc=5&rp=all&ct=3000&rt=8000"


def _unanswered(error: GatewayError, doing: Doing) -> Trouble:
    if doing is Doing.LIST:
        return Trouble(LISTING_FAILED, "Twilio could not be reached.")
    if doing is Doing.REGISTER:
        is_busy = isinstance(error, GatewayBusy)
        done = "Nothing was sent in." if is_busy else "It is looked for before it is sent again."
        return Trouble("Twilio did not answer.", f"{done} It goes on by itself.")
    if doing is Doing.CALL:
        return Trouble("Twilio did not answer.", "Nobody was called. Try again in a minute.")
    if doing in (Doing.MOVE, Doing.OPEN_OLD):
        is_busy = isinstance(error, GatewayBusy)
        done = (
            "Nothing was changed." if is_busy else "It is looked for before anything is repeated."
        )
        return Trouble("Twilio did not answer.", f"{done} It goes on by itself.")
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
