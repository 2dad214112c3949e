"""Reading old consent records as files of other tools write them (C-2, C-7)."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from portal.consent.rules.facts import fold
from portal.consent.values import Checkbox, Method
from portal.contacts.rules.mapping import Field

CONSENT_FIELDS: Final = (
    Field("name", "Full name", r"(?:(?:full|contact|lead|client|customer|subscriber) )?name"),
    Field("first_name", "First name", r"(?:first|given) ?(?:name)?"),
    Field("last_name", "Last name", r"(?:last|family|sur) ?(?:name)?|surname"),
    Field("ip_address", "IP address", r"(?:.* )?ip(?: ?address| addr)?"),
    Field("source_url", "Web address", r"(?:.* )?(?:url|web ?page|web ?site|link|landing page)"),
    Field("disclosure_text", "Disclosure text", r".*(?:disclosure|consent (?:text|language|wording)).*"),
    Field("checkbox", "Checkbox", r".*check ?box.*|.*(?:ticked|box checked).*"),
    Field("user_agent", "User agent", r"(?:user agent|browser|device)"),
    Field("form_version", "Form version", r"(?:form )?version"),
    Field("form_name", "Form", r"form(?: name)?|campaign(?: name)?"),
    Field("evidence", "Evidence file", r"(?:.* )?(?:evidence|proof|scan|screenshot|attachment|file)(?: ?file)?(?: ?name)?"),
    Field("phone", "Phone number", r"(?!.*\bfax\b).*\b(?:phone|mobile|cell|telephone|tel|number)\b.*"),
    Field("email", "E-mail", r"(?:.* )?e ?mail(?: address)?"),
    Field("postal_address", "Postal address", r"(?:.* )?(?:physical|postal|mailing|street)? ?address"),
    Field(
        "given_at",
        "Date and time of consent",
        r".*\b(?:date|time|timestamp|registered|signed up|opted in|created)\b.*",
    ),
    Field("method", "Method", r"(?:.* )?(?:method|source|origin|how|channel|type)"),
    Field("method_details", "Details or note", r"(?:.* )?(?:details?|notes?|comments?|remarks?)"),
)  # fmt: skip

_METHODS: Final = (
    (Method.PURCHASED_LIST, r"(?:purchased|bought|rented|paid) (?:\w+ )?(?:list|lead|data)s?|list broker|data broker|lead vendor|purchased|bought"),
    (Method.PUBLIC_RECORDS, r"public records?|county records?|court records?|scraped?|mls|directory|tax records?|fsbo list|expired listings?"),
    (Method.THIRD_PARTY, r"third[ -]part(?:y|ies)|3rd[ -]party|partners?|affiliates?|shared lead|lead exchange|co[ -]?reg(?:istration)?"),
    (Method.DOUBLE_OPT_IN, r"double[ -]opt[ -]?in|confirmed by text"),
    (Method.JOIN_KEYWORD, r"(?:join )?keyword|text to join|texted (?:join|in)"),
    (Method.INQUIRY, r"inquir(?:y|ed)|enquiry|inbound(?: text| sms)?|texted us"),
    (Method.PAPER, r"paper|sign[ -]?in sheet|guest ?book|card|written form"),
    (Method.VERBAL, r"verbal(?:ly)?|phone(?: call)?|call(?:ed)?|in person|spoken|oral"),
    (Method.AGENT_STATED, r"agent[ -]stated|agent says"),
    (Method.WEB_FORM, r"(?:web|online|internet|site|registration|lead|landing page|hosted|embedded?) ?(?:form|page|sign[ -]?up)?|form|website|kiosk"),
    (Method.IMPORT, r"import(?:ed)?|migrat(?:ed|ion)|legacy|unknown|other|crm"),
)  # fmt: skip
_method_patterns: Final = tuple(
    (method, re.compile(rf"\b(?:{pattern})\b")) for method, pattern in _METHODS
)
_CHECKED: Final = frozenset(
    {
        "checked",
        "ticked",
        "yes",
        "y",
        "true",
        "t",
        "1",
        "on",
        "x",
        "✓",
        "✔",
        "☑",
        "agreed",
        "accepted",
    }
)
_UNCHECKED: Final = frozenset(
    {"unchecked", "not checked", "unticked", "no", "n", "false", "f", "0", "off", "☐", "declined"}
)
NOTHING: Final = frozenset({"", "n/a", "na", "#n/a", "-", "--", "–", "none", "null", "unknown"})
_zone_at_end: Final = re.compile(
    r"(.*\d.*?) ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[ECMP][SD]T)", re.IGNORECASE
)
_US_ZONES: Final = {"E": -5, "C": -6, "M": -7, "P": -8}
EARLIEST: Final = 1990  # a year before is a slip of the pen, or an empty date of a program
_LATEST: Final = 2200
_SHAPES: Final = (
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y",
    "%m/%d/%y %H:%M", "%m/%d/%y", "%d %b %Y %H:%M", "%d %b %Y", "%b %d, %Y %I:%M %p", "%b %d, %Y",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeRead:
    """A claimed time: when, in which zone, and whether the zone was only assumed."""

    at: datetime
    zone: str
    zone_assumed: bool = False


def method_of(text: str) -> Method | None:
    """Return the method a file names, None when its word is unknown; bad sources come first."""
    words = fold(text.replace("_", " "))
    if not words:
        return None
    return next((method for method, p in _method_patterns if p.search(words)), None)


def checkbox_of(text: str) -> Checkbox | None:
    """Return the state of a checkbox as written, None when the word is unknown."""
    word = fold(text)
    if word in NOTHING:
        return Checkbox.NOT_RECORDED
    if word in _CHECKED:
        return Checkbox.CHECKED
    return Checkbox.UNCHECKED if word in _UNCHECKED else None


def time_of(text: str, zone: str) -> TimeRead | None:
    """Return a claimed time, month first; where it names no zone it was in the given one."""
    written = " ".join(text.replace("T", " ", 1).split() if text[10:11] == "T" else text.split())
    named = _zone_at_end.fullmatch(written)
    if named:
        local = _shaped(named[1].strip())
        return None if local is None else _in_named_zone(local, named[2].upper())
    local = _shaped(written)
    if local is None:
        return None
    return TimeRead(local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), zone, zone_assumed=True)


def ip_of(text: str) -> str | None:
    """Return an IP address as it is written shortest, None for what is none."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None


def _shaped(text: str) -> datetime | None:
    for shape in _SHAPES:
        try:
            local = datetime.strptime(text, shape)  # noqa: DTZ007 (the caller adds the zone)
        except ValueError:
            continue
        return local if EARLIEST <= local.year <= _LATEST else None
    return None


def _in_named_zone(local: datetime, zone: str) -> TimeRead | None:
    if zone in {"Z", "UTC", "GMT"}:
        offset, name = timedelta(), "UTC"
    elif zone[0] in "+-":
        sign = -1 if zone[0] == "-" else 1
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        offset, name = sign * timedelta(hours=hours, minutes=minutes), zone
    else:
        offset, name = timedelta(hours=_US_ZONES[zone[0]] + (zone[1] == "D")), zone
    if abs(offset) >= timedelta(days=1):
        return None
    return TimeRead(local.replace(tzinfo=timezone(offset)).astimezone(UTC), name)
