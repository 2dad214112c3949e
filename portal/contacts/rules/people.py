"""Names, states, tags, addresses and dates as people and exports write them."""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

from portal.contacts.rules.cells import tidy

MAX_TAGS = 20
MAX_TAG = 50
EARLIEST: Final = 1900  # the first year in which somebody can have become known
_TITLES: Final = frozenset(["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sr", "sra"])
_AND: Final = frozenset({"&", "and", "y", "und"})
_NOTHING: Final = frozenset(["n/a", "na", "#n/a", "-", "--", "–", "none", "null", "unknown"])
_LINES: Final = frozenset(
    ["mobile", "cell", "home", "work", "office", "main", "fax", "other", "business"]
)
_tag_ends: Final = re.compile(r"[;,|\n]")
_email: Final = re.compile(r"[^@\s<>\"(),:;\[\]\\]+@[^@\s<>\"(),:;\[\]\\?]+\.[^@\s<>.\"(),?]{2,}")
_iso_day: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", re.ASCII)
_slash_day: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?: .*)?", re.ASCII)
_UNACCENT: Final = str.maketrans("łøđðþßæœı", "lodd" + "tsaoi")

_STATES: Final = dict(
    entry.split("=")
    for entry in [
        "alabama=AL",
        "alaska=AK",
        "arizona=AZ",
        "arkansas=AR",
        "california=CA",
        "colorado=CO",
        "connecticut=CT",
        "delaware=DE",
        "district of columbia=DC",
        "florida=FL",
        "georgia=GA",
        "hawaii=HI",
        "idaho=ID",
        "illinois=IL",
        "indiana=IN",
        "iowa=IA",
        "kansas=KS",
        "kentucky=KY",
        "louisiana=LA",
        "maine=ME",
        "maryland=MD",
        "massachusetts=MA",
        "michigan=MI",
        "minnesota=MN",
        "mississippi=MS",
        "missouri=MO",
        "montana=MT",
        "nebraska=NE",
        "nevada=NV",
        "new hampshire=NH",
        "new jersey=NJ",
        "new mexico=NM",
        "new york=NY",
        "north carolina=NC",
        "north dakota=ND",
        "ohio=OH",
        "oklahoma=OK",
        "oregon=OR",
        "pennsylvania=PA",
        "rhode island=RI",
        "south carolina=SC",
        "south dakota=SD",
        "tennessee=TN",
        "texas=TX",
        "utah=UT",
        "vermont=VT",
        "virginia=VA",
        "washington=WA",
        "west virginia=WV",
        "wisconsin=WI",
        "wyoming=WY",
        "puerto rico=PR",
        "guam=GU",
        "american samoa=AS",
        "us virgin islands=VI",
        "northern mariana islands=MP",
        "alberta=AB",
        "british columbia=BC",
        "manitoba=MB",
        "new brunswick=NB",
        "newfoundland and labrador=NL",
        "nova scotia=NS",
        "ontario=ON",
        "prince edward island=PE",
        "quebec=QC",
        "saskatchewan=SK",
        "yukon=YT",
        "nunavut=NU",
        "northwest territories=NT",
    ]
)


def fold(text: str) -> str:
    """Return text for comparing: lower case, without accents."""
    if text.isascii():
        return " ".join(text.lower().split())
    bare = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(kept.translate(_UNACCENT).split())


def sort_name(first: str, last: str, email: str, number: str) -> str:
    """Return what the list is ordered by: last name, first name, else what is known."""
    name = fold(f"{last} {first}")
    return (name or fold(email) or number or "~")[:200]


def split_name(full: str) -> tuple[str, str]:
    """Return first and last name of a name in one field.

    "Berg, John" is last name first. Otherwise the first word is the first name, because that
    is what a text greets with; "Ann and Bob Lee" greets both.
    """
    last, comma, first = full.partition(",")
    if comma and last.strip() and first.strip():
        return tidy(first), tidy(last)
    words = full.split()
    while len(words) > 1 and words[0].rstrip(".").casefold() in _TITLES:
        words = words[1:]
    firsts = 3 if len(words) > 3 and words[1].casefold() in _AND else 1
    return " ".join(words[:firsts]), " ".join(words[firsts:])


@lru_cache(maxsize=1024)
def state_code(text: str) -> str:
    """Return the two letters of a state or province; anything else stays as written."""
    wanted = tidy(text)
    known = _STATES.get(fold(wanted).replace(".", ""))
    if known:
        return known
    letters = wanted.replace(".", "")
    return letters.upper() if len(letters) == 2 else wanted[:50]


def is_state(code: str) -> bool:
    """Say whether code is the two letters of a state or province."""
    return code in _STATES.values()


def split_tags(text: str) -> list[str]:
    """Return the tags in a field, parted by ; , | or line, each once, in order."""
    if not text:
        return []
    found: dict[str, str] = {}
    for part in _tag_ends.split(text):
        name = tidy(part)[:MAX_TAG].strip()
        if name:
            found.setdefault(tag_key(name), name)
    return list(found.values())


@lru_cache(maxsize=1024)
def tag_key(name: str) -> str:
    """Return what makes two tags the same: case and accents aside."""
    return fold(name)[:MAX_TAG]


def is_email(text: str) -> bool:
    """Say whether text has the shape of an e-mail address."""
    return len(text) <= 254 and _email.fullmatch(text) is not None


def email_key(text: str) -> str:
    """Return what makes two addresses the same."""
    if text.isascii():
        return text.lower()[:254]
    return unicodedata.normalize("NFC", text).casefold()[:254]


def read_day(text: str) -> date | None:
    """Return a date, month first as the market writes it unless that cannot be."""
    wanted = text.strip()
    match = _iso_day.fullmatch(wanted)
    if match:
        return _day(int(match[1]), int(match[2]), int(match[3]))
    match = _slash_day.fullmatch(wanted)
    if not match:
        return None
    year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
    first, second = int(match[1]), int(match[2])
    return _day(year, first, second) or _day(year, second, first)


@lru_cache(maxsize=4096)  # cities, states and sources are few
def said(text: str) -> str:
    """Return one line of text, nothing where it only says that there is nothing."""
    line = tidy(text)
    return "" if says_nothing(line) else line


def says_nothing(text: str) -> bool:
    """Say whether a cell is a place-holder such as N/A or a dash."""
    return text.strip().casefold() in _NOTHING


@lru_cache(maxsize=1024)
def line_label(text: str) -> str:
    """Return what a number is called: "mobile" as "Mobile", anything else as written."""
    label = tidy(text)[:40].strip()
    return label.capitalize() if label.casefold() in _LINES else label


def search_words(text: str) -> list[str]:
    """Return the words of a name or a search, folded, each once."""
    words = re.split(r"[^\w@.+?'-]+", fold(text))
    return list(dict.fromkeys(w.strip(".'-")[:100] for w in words if w.strip(".'-")))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= EARLIEST else None
    except ValueError:
        return None
