"""Contact cards (vCard 2.1 to 4.0), read for the fields we know and written anew (RFC 2426, 6350).

What is not a plain field of a person goes: pictures, sounds, keys, notes, dates, and whatever a
program once put there for itself.
"""

import quopri
import re
from collections.abc import Iterator
from typing import Final

from portal.core.addresses import is_web, parts_of
from portal.gateways.uploads import UploadRefused

_MOST_BYTES: Final = 200_000
_MOST_CARDS: Final = 10
_LONGEST: Final = 300
_MOST_OF_ONE: Final = 10
_KEPT: Final = ("N", "FN", "ORG", "TITLE", "TEL", "EMAIL", "URL", "ADR")
_PARTS: Final = {"N": 5, "ADR": 7, "ORG": 3}  # fields of several, parted by semicolons
_TYPES: Final = frozenset({"home", "work", "cell", "mobile", "fax", "voice", "main", "pref"})
_DAMAGED: Final = "The contact card is cut off or damaged. Export it anew and choose that."
_LINE: Final = re.compile(r"(?:[A-Za-z0-9-]{1,40}\.)?([A-Za-z-]{1,40})((?:;[^:\r\n]{0,200})?):(.*)")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def written_anew(content: bytes) -> bytes:
    """Return the cards of a file with the fields we know and no others. Raises UploadRefused."""
    if len(content) > _MOST_BYTES:
        raise UploadRefused(
            "The contact card holds a picture or much else. Share name, number and address alone."
        )
    cards = list(_cards(_text(content)))
    if not cards:
        raise UploadRefused(_DAMAGED)
    if len(cards) > _MOST_CARDS:
        raise UploadRefused(f"Send at most {_MOST_CARDS} contacts at once.")
    return "".join(map(_written, cards)).encode()


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "QUOTED-PRINTABLE" in text.upper():
        text = re.sub(r"=\r?\n", "", text)  # a line goes on after it, in the old way of writing
    return re.sub(r"\r?\n[ \t]", "", text)  # and where the next begins with a blank, in the new


def _cards(text: str) -> Iterator[list[tuple[str, str, str]]]:
    card: list[tuple[str, str, str]] | None = None
    for raw in text.splitlines():
        line = raw.strip()
        told = line.upper()
        if told == "BEGIN:VCARD":
            if card is not None:
                raise UploadRefused(_DAMAGED)
            card = []
        elif told == "END:VCARD":
            if card is None or not any(name in {"FN", "N"} for name, _, _ in card):
                raise UploadRefused(_DAMAGED)
            yield card
            card = None
        elif card is not None and (found := _LINE.fullmatch(line)):
            name = found[1].upper()
            value = _value(name, found[2], found[3])
            if name in _KEPT and value and sum(n == name for n, _, _ in card) < _MOST_OF_ONE:
                card.append((name, _types(found[2]), value))
        elif line and card is None:
            raise UploadRefused(_DAMAGED)
    if card is not None:
        raise UploadRefused(_DAMAGED)


def _value(name: str, parameters: str, raw: str) -> str:
    """Return a field's value as it is written anew; "" where it says nothing or what we don't send."""
    if "BASE64" in parameters.upper() or "ENCODING=B" in parameters.upper().replace(" ", ""):
        return ""
    if "QUOTED-PRINTABLE" in parameters.upper():
        raw = quopri.decodestring(raw.encode()).decode("utf-8", "replace")
    parts = re.split(r"(?<!\\);", raw) if name in _PARTS else [raw]
    plain = [_plain(part) for part in parts[: _PARTS.get(name, 1)]]
    if not any(plain):
        return ""
    if name == "URL":
        return plain[0] if _is_web(plain[0]) else ""
    if name == "TEL":
        return re.sub(r"[^0-9+*#(). -]", "", plain[0].removeprefix("tel:"))
    return ";".join(re.sub(r"([\\,;])", r"\\\1", part) for part in plain)


def _plain(part: str) -> str:
    text = re.sub(r"\\([\\,;:])", r"\1", part.replace("\\n", " ").replace("\\N", " "))
    return " ".join(_UNSEEN.sub(" ", text).split())[:_LONGEST]


def _is_web(url: str) -> bool:
    return is_web(url) and "@" not in parts_of(url).netloc


def _types(parameters: str) -> str:
    said = [word.lower() for word in re.split(r"[;=,\"]", parameters)]
    return ",".join(dict.fromkeys(word.upper() for word in said if word in _TYPES))


def _written(card: list[tuple[str, str, str]]) -> str:
    names = [name for name, _, _ in card]
    lines = ["BEGIN:VCARD", "VERSION:3.0"]
    if "N" not in names:
        lines.append(f"N:{next(v for n, _, v in card if n == 'FN')};;;;")
    if "FN" not in names:
        value = next(v for n, _, v in card if n == "N")
        family, given = [*re.split(r"(?<!\\);", value), "", ""][:2]
        lines.append(f"FN:{f'{given} {family}'.strip()}")
    lines += [f"{n}{';TYPE=' + types if types else ''}:{value}" for n, types, value in card]
    return "\r\n".join([*lines, "END:VCARD", ""])
