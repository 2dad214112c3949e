"""What a text costs in credits (SPEC R-1 to R-4, R-7, B-10; RULINGS 32).

Every rate lives in one dated table. The functions use the newest unless told another, so a
caller that prices for a day passes `table=table_on(day)`.
"""

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from portal.core.phone import is_mms_region
from portal.messaging.rules.segments import Segmentation, analyze

Word = Literal["stop", "start", "help", "join"]  # a keyword, as heard
Row = Literal["sms_home", "sms_abroad", "mms", "media", "keyword"]
_WIDEST_CHARACTER: Final = 2


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates that hold from a day on; credits per unit, units in characters."""

    holds_from: date
    sms_plain: int
    sms_special: int
    sms_home: int
    sms_abroad: int
    mms_plain: int
    mms_special: int
    mms: int
    keyword: int
    advise_above: int
    home_code: int
    longest: int


TABLES: Final = (
    RateTable(
        holds_from=date(2024, 1, 1),
        sms_plain=160,
        sms_special=70,
        sms_home=1,
        sms_abroad=2,
        mms_plain=1600,
        mms_special=700,
        mms=3,
        keyword=1,
        advise_above=3,
        home_code=1,
        longest=1600,
    ),
)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How a message comes to its price: units cut into pieces of `size`, `rate` for each."""

    row: Row  # of the table
    counted: Segmentation | None  # None: keywords and bare media have one price
    units: int
    size: int
    rate: int
    holds_from: date

    @property
    def pieces(self) -> int:
        """Return how many pieces of `size` there are, one at least."""
        return max(1, -(-self.units // self.size))

    @property
    def credits(self) -> int:
        """Return the price."""
        return self.pieces * self.rate


@dataclass(frozen=True, slots=True)
class MmsAdvice:
    """What attaching media to a dear SMS saves one recipient, in credits."""

    sms_credits: int
    mms_credits: int

    @property
    def saves(self) -> int:
        """Credits saved for each recipient."""
        return self.sms_credits - self.mms_credits


def table_on(day: date, tables: tuple[RateTable, ...] = TABLES) -> RateTable:
    """Return the rates that hold on a day (SPEC R-5).

    Tables stand in order of their dates. Raises LookupError for a day before the first.
    """
    place = bisect_right([table.holds_from for table in tables], day)
    if not place:
        raise LookupError(f"No rates hold on {day.isoformat()}.")
    return tables[place - 1]


def credits(  # noqa: A001 - the name SPEC 14 gives it
    body: str, country_code: int, media_count: int = 0, *, table: RateTable | None = None
) -> int:
    """Price one message in credits (SPEC R-1 to R-3, RULINGS 32).

    A text longer than the carrier takes at once is priced by `total_credits`. Raises
    ValueError when there is neither text nor media.
    """
    return reckon(body, country_code, media_count, table=table).credits


def reckon(
    body: str, country_code: int, media_count: int = 0, *, table: RateTable | None = None
) -> Reckoning:
    """Price one message as `credits` does, and say by which row of the table.

    Raises ValueError when there is neither text nor media.
    """
    rates = table or TABLES[-1]
    if not body and media_count > 0:
        return Reckoning("media", None, 0, rates.mms_plain, rates.mms, rates.holds_from)
    counted = analyze(body)
    plain = counted.encoding == "GSM-7"
    row: Row
    if media_count > 0:
        row, rate = "mms", rates.mms
        size = rates.mms_plain if plain else rates.mms_special
    else:
        is_home = country_code == rates.home_code
        row, rate = ("sms_home", rates.sms_home) if is_home else ("sms_abroad", rates.sms_abroad)
        size = rates.sms_plain if plain else rates.sms_special
    return Reckoning(row, counted, counted.units, size, rate, rates.holds_from)


def total_credits(
    body: str, country_code: int, media_count: int = 0, *, table: RateTable | None = None
) -> int:
    """Price a text of any length: the sum over its parts, media with the first (SPEC R-4)."""
    rates = table or TABLES[-1]
    first, *rest = split_parts(body, rates.longest) or [""]
    return credits(first, country_code, media_count, table=rates) + sum(
        credits(part, country_code, table=rates) for part in rest
    )


def inbound_credits(
    body: str,
    country_code: int,
    media_count: int = 0,
    *,
    keyword: Word | None = None,
    table: RateTable | None = None,
) -> int:
    """Price a received text (SPEC B-10): opt-out and opt-in keywords cost one credit.

    Never raises: an empty text costs one unit, because inbound is never refused.
    """
    return reckon_inbound(body, country_code, media_count, keyword=keyword, table=table).credits


def reckon_inbound(
    body: str,
    country_code: int,
    media_count: int = 0,
    *,
    keyword: Word | None = None,
    table: RateTable | None = None,
) -> Reckoning:
    """Price a received text as `inbound_credits` does, and say by which row of the table."""
    rates = table or TABLES[-1]
    if keyword in ("stop", "start", "join"):
        return Reckoning("keyword", None, 0, rates.sms_plain, rates.keyword, rates.holds_from)
    return reckon(body or " ", country_code, media_count, table=rates)


def is_dear(sms_credits: int, *, table: RateTable | None = None) -> bool:
    """Say whether an SMS costs so much that MMS may be cheaper (SPEC R-7)."""
    return sms_credits > (table or TABLES[-1]).advise_above


def mms_advice(
    body: str, country_code: int, region: str | None, *, table: RateTable | None = None
) -> MmsAdvice | None:
    """Say what sending as MMS saves one recipient (SPEC R-7), or None.

    `region` is the ISO code of the recipient's country. None as well where MMS is not
    delivered or saves nothing.
    """
    rates = table or TABLES[-1]
    if not body or not is_mms_region(region):
        return None
    as_sms = total_credits(body, country_code, table=rates)
    if not is_dear(as_sms, table=rates):
        return None
    advice = MmsAdvice(as_sms, total_credits(body, country_code, 1, table=rates))
    return advice if advice.saves > 0 else None


def split_parts(body: str, limit: int = 1600) -> list[str]:
    """Cut a text into the messages the carrier takes, in order (SPEC R-4).

    `limit` is in units of each part's own encoding. Cuts fall after a space where there is
    one, which stays with the earlier part, so the parts joined are the text; never inside
    an accented letter or an emoji sequence unless that alone is longer than the limit.
    Raises ValueError for a limit below 2, which no emoji fits.
    """
    if limit < _WIDEST_CHARACTER:
        raise ValueError("A part must have room for 2 units.")
    parts = []
    # No character counts more than two units, so a short text need not be counted.
    while len(body) * _WIDEST_CHARACTER > limit and (
        len(body) > limit or analyze(body).units > limit
    ):
        cut = _cut(body, _fitting(body, limit))
        parts.append(body[:cut])
        body = body[cut:]
    if body:
        parts.append(body)
    return parts


def _fitting(body: str, limit: int) -> list[int]:
    """List the lengths, ascending, at which a beginning of body fits the limit.

    Not every length up to the longest does: a character outside GSM makes the curly
    brackets before it count one unit instead of two.
    """
    fitting = []
    septets = utf16 = 0
    is_plain = True
    for length, char in enumerate(body, start=1):
        utf16 += 2 if char > "\uffff" else 1
        if utf16 > limit:
            break
        if is_plain:
            counted = analyze(char)
            is_plain = counted.encoding == "GSM-7"
            septets += counted.units
        if (septets if is_plain else utf16) <= limit:
            fitting.append(length)
    return fitting


def _cut(body: str, fitting: list[int]) -> int:
    """Choose where the first part of body ends."""
    whole = [length for length in fitting if _is_boundary(body, length)]
    spaces = [length for length in whole if body[length - 1].isspace()]
    return (spaces or whole or fitting)[-1]


def _is_boundary(body: str, at: int) -> bool:
    """Say whether a reader sees a new character begin at a place inside body."""
    before, after = body[at - 1], body[at]
    if before == "\u200d" or after in "\u200c\u200d" or (before, after) == ("\r", "\n"):
        return False
    if unicodedata.category(after).startswith("M") or "\U0001f3fb" <= after <= "\U0001f3ff":
        return False
    if "\U000e0020" <= after <= "\U000e007f" or (_is_high(before) and _is_low(after)):
        return False
    return not (_is_flag_half(after) and _flag_halves_before(body, at) % 2)


def _is_high(char: str) -> bool:
    return "\ud800" <= char <= "\udbff"


def _is_low(char: str) -> bool:
    return "\udc00" <= char <= "\udfff"


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_halves_before(body: str, at: int) -> int:
    start = at
    while start and _is_flag_half(body[start - 1]):
        start -= 1
    return at - start
