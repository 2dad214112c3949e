"""Carrier segments of a text and the characters that make it dear (SPEC R-5, R-6).

Units are septets of GSM 03.38 (a character of the extension table takes two) or, when any
character is outside both tables, UTF-16 code units of the whole text.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

_DATA: Final = json.loads(
    Path(__file__).parent.parent.joinpath("data", "gsm7.json").read_text(encoding="utf-8")
)
_BASIC: Final[str] = _DATA["basic"]
_EXTENSION: Final[str] = _DATA["extension"]
_TWINS: Final[dict[str, str]] = _DATA["twins"]

_GSM_SINGLE: Final = 160
_GSM_JOINED: Final = 153
_UCS2_SINGLE: Final = 70
_UCS2_JOINED: Final = 67
_ESCAPE: Final = "\x1b"
_HIGH: Final = range(0xD8, 0xDC)
_LOW: Final = range(0xDC, 0xE0)
_FIRST_HALF: Final = "\ud800"
_is_basic: Final = re.compile(f"[{re.escape(_BASIC)}]*").fullmatch
_extended: Final = re.compile(f"[{re.escape(_EXTENSION)}]").findall
_special: Final = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]").findall
_decomposed: Final = re.compile("[^\\W\\d_][\u0300-\u036f]+")
_TWIN_TABLE: Final = str.maketrans(_TWINS)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What a carrier makes of a text; `forcing` holds what made it UCS-2, in order."""

    encoding: Encoding
    units: int
    segments: int
    forcing: tuple[str, ...]


def analyze(body: str) -> Segmentation:
    """Count the units and carrier segments of a text (SPEC R-5).

    Escape pairs and surrogate pairs are never split over two segments, so the count can be
    one more than dividing would give. Raises ValueError for an empty text.
    """
    if not body:
        raise ValueError("An empty text has no segments.")
    if _is_basic(body):
        return Segmentation("GSM-7", len(body), _parts(len(body), _GSM_SINGLE, _GSM_JOINED), ())
    special = _special(body)
    if not special:
        septets = body
        for char in set(_extended(body)):
            septets = septets.replace(char, _ESCAPE + char)
        return Segmentation("GSM-7", len(septets), _whole_escapes(septets), ())
    forcing = tuple(dict.fromkeys(special))
    if max(forcing) < _FIRST_HALF:
        return Segmentation(
            "UCS-2", len(body), _parts(len(body), _UCS2_SINGLE, _UCS2_JOINED), forcing
        )
    utf16 = body.encode("utf-16-be", "surrogatepass")
    return Segmentation("UCS-2", len(utf16) // 2, _whole_pairs(utf16), forcing)


def replacements(body: str) -> Mapping[str, str]:
    """Map what forced UCS-2 in a text to its GSM twin (SPEC R-6).

    Characters without a twin are left out; a letter with a loose accent is listed as one.
    Empty when replacing would cost more than it saves.
    """
    if replace(body) == body:
        return {}
    found = {char: _TWINS[char] for char in analyze(body).forcing if char in _TWINS}
    for cluster in _decomposed.findall(body):
        composed = unicodedata.normalize("NFC", cluster)
        if not _special(composed):
            found[cluster] = composed
    return found


def replace(body: str) -> str:
    """Return a text with every GSM twin put in (SPEC R-6).

    Twice is the same as once. A text that would become longer in segments or credits, or
    empty, comes back as it was.
    """
    if not _special(body):
        return body
    plain = _decomposed.sub(_compose, body.translate(_TWIN_TABLE))
    if not plain or _is_dearer(analyze(plain), analyze(body)):
        return body
    return plain


def _parts(units: int, single: int, joined: int) -> int:
    return 1 if units <= single else -(-units // joined)


def _whole_escapes(septets: str) -> int:
    """Count parts of a text whose extension characters are written with their escape."""
    if len(septets) <= _GSM_SINGLE:
        return 1
    parts, start = 0, 0
    while start < len(septets):
        end = start + _GSM_JOINED
        start = end - (septets[end - 1 : end] == _ESCAPE)
        parts += 1
    return parts


def _whole_pairs(utf16: bytes) -> int:
    """Count parts of big-endian UTF-16 without cutting a surrogate pair."""
    if len(utf16) <= _UCS2_SINGLE * 2:
        return 1
    parts, start = 0, 0
    while start < len(utf16):
        end = start + _UCS2_JOINED * 2
        start = end
        if end < len(utf16) and utf16[end - 2] in _HIGH and utf16[end] in _LOW:
            start -= 2
        parts += 1
    return parts


def _compose(match: re.Match[str]) -> str:
    """Return a letter with its accents as one character where GSM has that."""
    composed = unicodedata.normalize("NFC", match[0])
    return match[0] if _special(composed) else composed


def _is_dearer(new: Segmentation, old: Segmentation) -> bool:
    return new.segments > old.segments or _priced(new) > _priced(old)


def _priced(counted: Segmentation) -> int:
    return -(-counted.units // (_GSM_SINGLE if counted.encoding == "GSM-7" else _UCS2_SINGLE))
