"""Merge fields of a template (SPEC S-9).

`{first_name}` stands for a value, `{first_name|there}` brings its own fallback, `{{` and
`}}` are plain braces.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from portal.core.errors import BadInput

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first_name": "The contact's first name",
        "last_name": "The contact's last name",
        "full_name": "The contact's first and last name",
        "agent_name": "The name of the agent who owns the account",
        "agent_first_name": "The first name of the agent who owns the account",
        "agent_phone": "The number the text is sent from",
        "brokerage": "The name of the organization",
        "team": "The name of the agent's team",
        "street": "The contact's street and house number",
        "city": "The contact's city",
        "state": "The contact's state",
        "zip": "The contact's ZIP code",
    }
)

# What stands in for a missing value when a person chooses "write something else" (S-9).
USUAL_FALLBACKS: Final[Mapping[str, str]] = MappingProxyType(
    {"first_name": "there", "full_name": "there", "city": "your area", "state": "your state"}
)

# Values of somebody made up, so that one sees how fields read.
SAMPLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first_name": "Maya",
        "last_name": "Castellanos",
        "full_name": "Maya Castellanos",
        "street": "12 Alder Ct",
        "city": "Evanston",
        "state": "IL",
        "zip": "60201",
    }
)

_token: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_name: Final = re.compile(r"[a-z][a-z0-9_]*")
_controls: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]+")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class MergeError(BadInput):
    """A brace or a field name of a template is wrong; `position` counts characters from 1."""

    code = "bad_template"

    def __init__(self, message: str, position: int) -> None:
        """Say what is wrong at which character and how to mend it."""
        super().__init__(f"Character {position}: {message}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged text, and the fields that had neither value nor fallback, in order.

    A missing field stands in `body` as it was written, for the preview; such a text is
    blocked, never sent.
    """

    body: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    fallback: str | None
    source: str


def fields(template: str) -> tuple[str, ...]:
    """List the distinct fields of a template in order; raises MergeError when malformed."""
    return tuple(dict.fromkeys(p.name for p in _pieces(template) if isinstance(p, _Field)))


def unknown_fields(template: str, known: Collection[str] = FIELDS) -> tuple[str, ...]:
    """List the fields of a template that nothing can fill; raises MergeError when malformed."""
    return tuple(name for name in fields(template) if name not in known)


def merge(
    template: str, values: Mapping[str, str | None], *, fallbacks: Mapping[str, str] = _NONE
) -> Merged:
    """Put values into a template; raises MergeError when malformed.

    A value that is absent or blank gives way to the fallback written in the field, then to
    `fallbacks`. Values go in as they are, braces and all, and are not expanded again; only
    control characters and line breaks in them become one space.
    """
    out: list[str] = []
    missing: dict[str, None] = {}
    for piece in _pieces(template):
        if isinstance(piece, str):
            out.append(piece)
            continue
        value = _value(piece, values)
        if value is None:
            value = fallbacks.get(piece.name)
        if value is None:
            missing[piece.name] = None
            value = piece.source
        out.append(value)
    return Merged("".join(out), tuple(missing))


def fill(template: str, values: Mapping[str, str | None]) -> Merged:
    """Write what is known of one person into a template; what is missing stays a field.

    The outcome is a template again, to be merged once more when it is sent: every other brace in
    it is doubled. Raises MergeError when malformed.
    """
    out: list[str] = []
    missing: dict[str, None] = {}
    for piece in _pieces(template):
        if isinstance(piece, str):
            out.append(_doubled(piece))
            continue
        value = _value(piece, values)
        if value is None:
            missing[piece.name] = None
        out.append(piece.source if value is None else _doubled(value))
    return Merged("".join(out), tuple(missing))


def _value(piece: _Field, values: Mapping[str, str | None]) -> str | None:
    """Return what stands for a field: its value, else the fallback it brings, else nothing."""
    value = _controls.sub(" ", values.get(piece.name) or "")
    return piece.fallback if not value or value.isspace() else value


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@lru_cache(maxsize=256)
def _pieces(template: str) -> tuple[str | _Field, ...]:
    """Read a template into plain text and fields."""
    pieces: list[str | _Field] = []
    done = 0
    for match in _token.finditer(template):
        pieces.append(template[done : match.start()])
        pieces.append(_piece(match[0], match.start() + 1))
        done = match.end()
    pieces.append(template[done:])
    return tuple(pieces)


def _piece(written: str, position: int) -> str | _Field:
    if written in ("{{", "}}"):
        return written[0]
    if written == "{":
        raise MergeError("this { has no } after it. Close it, or write {{ for a brace.", position)
    if written == "}":
        raise MergeError("this } has no { before it. Remove it, or write }} for a brace.", position)
    name, bar, fallback = written[1:-1].partition("|")
    name = name.strip().lower()
    if not name:
        raise MergeError("{} names no field. Write a name in it, like {first_name}.", position)
    if not _name.fullmatch(name):
        raise MergeError(
            f"{written} is not a field name. Use small letters, digits and _, like {{first_name}}.",
            position,
        )
    return _Field(name, fallback if bar else None, written)
