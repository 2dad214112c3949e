"""Phone numbers: reading to E.164, showing, and what a number tells (SPEC K-2, S-2; RULINGS 19).

A number that libphonenumber calls possible is kept; `is_verified` says whether it also
calls it valid. A +1 number hardly ever tells its line type, so that is unknown until the
carrier says; toll-free and premium are known from the digits. Ten-digit +1 numbers take a
short way that asks libphonenumber once for each area code and exchange.
"""

import re
import threading
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from portal.core.countries import NAMES
from portal.core.errors import BadInput


class Kind(StrEnum):
    """The line a number stands for; `short` is for inbound senders, `parse` refuses those."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHORT = "short"
    UNKNOWN = "unknown"


class PhoneError(BadInput):
    """What was written is not a phone number.

    `code` is one of empty, letter, rounded, several, short, no_area_code, too_short,
    too_long, no_country, not_a_number.
    """

    def __init__(self, code: str, message: str) -> None:
        """Take a stable code and a sentence for the person who wrote it."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as read; `remark` says in a sentence what was left out of what was written."""

    e164: str
    country_code: int
    region: str | None
    kind: Kind
    is_verified: bool
    remark: str = ""

    @property
    def textable(self) -> bool:
        """Whether a text may go there: toll-free, premium and short numbers never get one."""
        return self.kind not in _UNTEXTABLE

    @property
    def is_international(self) -> bool:
        """Whether the number lies outside country code 1 and costs the foreign rate (R-2)."""
        return self.country_code != 1

    @property
    def is_us(self) -> bool:
        """Whether the United States or a territory of theirs, under US rules."""
        return self.region in _US_REGIONS

    @property
    def is_caribbean(self) -> bool:
        """Whether country code 1 outside the US, its territories and Canada."""
        return self.country_code == 1 and self.region not in {*_US_REGIONS, "CA", None}


_UNTEXTABLE: Final = frozenset((Kind.TOLL_FREE, Kind.PREMIUM, Kind.SHORT))
_US_REGIONS: Final = frozenset(("US", "PR", "VI", "GU", "AS", "MP"))
_NANP_REGIONS: Final = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])
# Where libphonenumber never tells the thousands of an exchange apart.
_WHOLE_EXCHANGES: Final = frozenset(("US", "CA", None))
_MMS_REGIONS: Final = frozenset(("US", "CA", "AU"))
_KINDS: Final = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.LANDLINE,
    PhoneNumberType.VOIP: Kind.VOIP,
    PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
}
# Area codes the numbering plan sets aside for toll-free service, in use or not yet.
_TOLL_FREE_AREAS: Final = frozenset(
    ("800", "822", "833", "844", "855", "866", "877", *(f"88{last}" for last in range(10)))
)
_PREMIUM_AREA: Final = "900"
_PREMIUM_EXCHANGE: Final = "976"
_NANP_LENGTH: Final = 10
_SHORT_LENGTHS: Final = range(3, 7)
_LONGEST_RAW: Final = 200
_LONGEST_SHOWN: Final = 40
# Kinds of character that only carry layout: invisible marks and controls.
_INVISIBLE: Final = frozenset(("Cf", "Cc", "Mn", "Me"))

_Answer = tuple[str | None, Kind, bool]

_nanp: Final = re.compile(
    r"(?:\+1|1)?[ .-]?(?:\(([2-9]\d\d)\)|([2-9]\d\d))[ .-]*([2-9]\d\d)[ .-]*(\d{4})", re.ASCII
)
_e164_nanp: Final = re.compile(r"\+1\d{10}", re.ASCII)
_scheme: Final = re.compile(r"(?:tel|sms|callto):(?://)?", re.IGNORECASE)
_context: Final = re.compile(r";phone-context=(\+\d+)", re.IGNORECASE)
_rounded: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_float: Final = re.compile(r"(\+?\d{7,15})\.0+")
_extension: Final = re.compile(
    r"(.*?)[\s,;.(-]*(?:ext(?:ension|n)?|x|#|,)[\s.:=#]*(\d{1,7})\)?", re.IGNORECASE
)
_between: Final = re.compile(r"[/;,|&]|\bor\b|\band\b", re.IGNORECASE)
_international: Final = re.compile(r"00\s*(?=[1-9])")
_dialled_abroad: Final = re.compile(r"011[\s.-]*(?=[1-9])")


def parse(raw: str, default_region: str = "US") -> Phone:
    """Read a number as people and spreadsheets write it (SPEC K-2).

    Numbers without a country code belong to `default_region`, an ISO code. An extension is
    left out and named in `remark`. Raises PhoneError, a sentence for people, when no number
    can be made of it.
    """
    if default_region in _NANP_REGIONS or raw.startswith("+1"):
        match = _nanp.fullmatch(raw)
        if match:
            return _from_nanp((match[1] or match[2]) + match[3] + match[4])
    if len(raw) > _LONGEST_RAW:
        raise _refusal("not_a_number", raw, "it is far too long")
    text = _clean(raw)
    if not text:
        raise PhoneError("empty", "There is no phone number.")
    if _rounded.fullmatch(text):
        raise _refusal(
            "rounded",
            raw,
            "a spreadsheet has rounded it. Format the column as text and export it again",
        )
    if not any(char.isalpha() or char in "#,;" for char in text):
        return _read(text, raw, default_region)
    extension = _extension.fullmatch(text)
    if extension and sum(map(str.isdigit, extension[1])) >= _shortest(text, default_region):
        found = _read(extension[1], raw, default_region)
        remark = f"The extension {extension[2]} was left out: a text cannot reach one."
        return replace(found, remark=remark)
    return _read(text, raw, default_region)


def show(e164: str, reader_region: str = "US") -> str:
    """Write a number for a reader in a country: (312) 555-0142 or +44 20 7946 0142.

    Anything that is not E.164, like a short code, comes back as it is.
    """
    if reader_region in _NANP_REGIONS and _e164_nanp.fullmatch(e164):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    return _show_foreign(e164, reader_region)


def country_name(region: str | None) -> str:
    """Return the English name of an ISO region, or "Unknown country"."""
    return NAMES.get(region or "", "Unknown country")


def is_mms_region(region: str | None) -> bool:
    """Say whether the carrier delivers MMS in an ISO region (SPEC R-3)."""
    return region in _MMS_REGIONS


def is_nanp(e164: str) -> bool:
    """Say whether an E.164 number has country code 1."""
    return e164.startswith("+1")


def is_short_code(sender: str) -> bool:
    """Say whether a sender is a short code, which has no E.164 form: three to eight digits."""
    return sender.isascii() and sender.isdecimal() and len(sender) in range(3, 9)


class _NanpTable:
    """What libphonenumber says of each area code and exchange, asked once each.

    One byte for each of the million pairs: its memory is bounded, and reading needs no lock.
    """

    _SPLIT = 255

    def __init__(self) -> None:
        self._cells = bytearray(1_000_000)
        self._answers: list[_Answer] = [(None, Kind.UNKNOWN, False)]
        self._lock = threading.Lock()

    def look_up(self, digits: str) -> _Answer:
        """Return region, kind and validity of ten digits."""
        cell = int(digits[:6])
        place = self._cells[cell]
        if place and place != self._SPLIT:
            return self._answers[place]
        answer = _ask_nanp(digits)
        if not place:
            self._keep(cell, answer, is_split=_is_split(digits[:6], answer))
        return answer

    def _keep(self, cell: int, answer: _Answer, *, is_split: bool) -> None:
        with self._lock:
            if answer not in self._answers[1:]:
                self._answers.append(answer)
            self._cells[cell] = self._SPLIT if is_split else self._answers.index(answer, 1)


def _ask_nanp(digits: str) -> _Answer:
    """Ask about ten digits; an area code never begins with 0 or 1."""
    if digits[0] in "01":
        return None, _nanp_kind(digits), False
    return _ask(phonenumbers.PhoneNumber(1, int(digits)), digits)


def _is_split(exchange: str, answer: _Answer) -> bool:
    """Say whether the thousands of an exchange differ, as two of Barbados do."""
    if answer[0] in _WHOLE_EXCHANGES:
        return False
    return any(_ask_nanp(f"{exchange}{thousand}000") != answer for thousand in range(10))


_nanp_table: Final = _NanpTable()


def _from_nanp(digits: str) -> Phone:
    region, kind, is_verified = _nanp_table.look_up(digits)
    return Phone("+1" + digits, 1, region, kind, is_verified)


def _clean(raw: str) -> str:
    """Return what was written in plain characters, without what spreadsheets put around it."""
    text = "".join(map(_plain, raw)).strip()
    if text[:1] == "=":
        text = text[1:].strip()
    text = _context_first(_scheme.sub("", text.strip("\"'`\u2018\u2019\u201c\u201d "), count=1))
    whole = _float.fullmatch(text)
    return whole[1] if whole else text


def _plain(char: str) -> str:
    """Return a character as ASCII where it is a digit, dash, space or plus in another dress."""
    if char.isascii():
        return " " if char in "\t\r\n" else char
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind == "Pd" or char == "\u2212":
        return "-"
    if kind[0] == "Z":
        return " "
    return "" if kind in _INVISIBLE else unicodedata.normalize("NFKC", char)


def _context_first(text: str) -> str:
    """Move the country code a tel: link gives as context to the front of its number."""
    context = _context.search(text)
    if not context:
        return text
    rest = text[: context.start()] + text[context.end() :]
    return rest if rest.startswith("+") else f"{context[1]} {rest}"


def _shortest(text: str, default_region: str) -> int:
    """Count the digits that must stand before an extension for it to be one."""
    is_home = default_region in _NANP_REGIONS and not text.startswith("+")
    return _NANP_LENGTH if is_home else _SHORT_LENGTHS.stop


def _read(text: str, raw: str, default_region: str) -> Phone:
    """Read a number without extension; `raw` is for the error."""
    if sum(sum(map(str.isdigit, part)) >= _SHORT_LENGTHS.stop for part in _between.split(text)) > 1:
        raise _refusal("several", raw, "it holds more than one number. Put each in its own field")
    digits = "".join(filter(str.isdigit, text))
    if not digits:
        raise _refusal("not_a_number", raw, "it has no digits")
    if any(char.isalpha() for char in text):
        raise _refusal("letter", raw, "it has a letter")
    is_nanp_home = default_region in _NANP_REGIONS
    if is_nanp_home and digits == text and len(digits) in _SHORT_LENGTHS:
        raise _refusal("short", raw, "it is a short number, and those cannot be texted")
    prefix = _dialled_abroad.match(text) if is_nanp_home else None
    if len(digits) > _NANP_LENGTH:
        prefix = prefix or _international.match(text)
    try:
        number = phonenumbers.parse("+" + text[prefix.end() :] if prefix else text, default_region)
    except NumberParseException as error:
        raise _unreadable(error, raw) from None
    return _judge(number, raw)


def _judge(number: phonenumbers.PhoneNumber, raw: str) -> Phone:
    """Keep a number that is possible, refuse another with its reason."""
    code = number.country_code or 0
    national = phonenumbers.national_significant_number(number)
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        raise _impossible(reason, code, len(national), raw)
    if code == 1:
        return _from_nanp(national)
    region, kind, is_verified = _ask(number, national)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(e164, code, region, kind, is_verified)


def _ask(number: phonenumbers.PhoneNumber, national: str) -> _Answer:
    """Ask libphonenumber for region, kind and validity of a number."""
    region = phonenumbers.region_code_for_number(number)
    is_verified = region is not None and phonenumbers.is_valid_number_for_region(number, region)
    kind = _KINDS.get(phonenumbers.number_type(number), Kind.UNKNOWN)
    if number.country_code == 1:
        region = region or _region_of_area(national[:3])
        return region, _nanp_kind(national, kind), is_verified
    region = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if region in NAMES else None, kind, is_verified


def _nanp_kind(national: str, kind: Kind = Kind.UNKNOWN) -> Kind:
    """Tell the line type of a +1 number as far as its digits do (RULINGS 19)."""
    if national[:3] in _TOLL_FREE_AREAS or kind is Kind.TOLL_FREE:
        return Kind.TOLL_FREE
    if national[:3] == _PREMIUM_AREA or national[3:6] == _PREMIUM_EXCHANGE:
        return Kind.PREMIUM
    return Kind.PREMIUM if kind is Kind.PREMIUM else Kind.UNKNOWN


def _region_of_area(area: str) -> str | None:
    """Find the region of an area code by its exchange 200, valid in every area code in use."""
    return phonenumbers.region_code_for_number(phonenumbers.PhoneNumber(1, int(f"{area}2000100")))


@lru_cache(maxsize=4096)
def _show_foreign(e164: str, reader_region: str) -> str:
    if not e164.startswith("+"):
        return e164
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return e164
    if not phonenumbers.is_possible_number(number):
        return e164
    is_own = number.country_code == phonenumbers.country_code_for_region(reader_region)
    form = PhoneNumberFormat.NATIONAL if is_own else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def _refusal(code: str, raw: str, reason: str) -> PhoneError:
    shown = " ".join("".join(c if c.isprintable() else " " for c in raw).split())
    if len(shown) > _LONGEST_SHOWN:
        shown = shown[: _LONGEST_SHOWN - 1] + "\u2026"
    return PhoneError(code, f"{shown} is not a phone number: {reason}.")


def _unreadable(error: NumberParseException, raw: str) -> PhoneError:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return _refusal("no_country", raw, "no country has this code")
    if error.error_type == NumberParseException.TOO_LONG:
        return _refusal("too_long", raw, "it has too many digits")
    if error.error_type == NumberParseException.NOT_A_NUMBER:
        return _refusal("not_a_number", raw, "it has signs that no number has")
    return _refusal("too_short", raw, "it has too few digits")


def _impossible(reason: int, code: int, length: int, raw: str) -> PhoneError:
    if reason == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return _refusal("no_area_code", raw, "its area code is missing")
    is_long = reason == ValidationResult.TOO_LONG
    where = f"it has {length} digits where 10 are needed"
    if code != 1:
        where = f"it has too {'many' if is_long else 'few'} digits for country code {code}"
    elif is_long and not raw.lstrip("' ").startswith("+"):
        where += ". Put a + before the country code if it is from abroad"
    return _refusal("too_long" if is_long else "too_short", raw, where)
