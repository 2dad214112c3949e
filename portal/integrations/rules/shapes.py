"""Shapes of JSON: one declaration that checks what comes in and describes it in the document.

Checks are strict: nothing is converted, a field nobody declared is refused, and every fault is
named at once, the first 50 of them, by its place (`numbers/0/number`) with what to do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

_CONTROLS: Final = re.compile(r"[\0\ud800-\udfff]")
DATE_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)"
MOST_FAULTS: Final = 50  # are named; a body of megabytes may have a million
UUID_FORM: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, and what to do."""

    field: str
    detail: str


class Shape(Protocol):
    """What a value must look like."""

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give everything wrong with a value that stands at this place."""

    def schema(self) -> dict[str, Any]:
        """Return the same as JSON Schema (2020-12), as OpenAPI 3.1 takes it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of some length, in a form if one is given; `form_words` says which to people."""

    about: str
    most: int
    least: int = 0
    form: str | None = None
    form_words: str = ""
    format: str | None = None
    default: str | None = None

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give what is wrong: not a string, too short or long, not of the form."""
        if not isinstance(value, str):
            yield Fault(at, "Send a string.")
        elif _CONTROLS.search(value):
            yield Fault(at, "Leave out NUL and half surrogate pairs.")
        elif len(value) < self.least:
            yield Fault(at, "Leave it out or write something." if self.least == 1 else self._long())
        elif len(value) > self.most:
            yield Fault(at, self._long())
        elif self.form is not None and not re.fullmatch(self.form, value, re.ASCII):
            yield Fault(at, self.form_words)

    def schema(self) -> dict[str, Any]:
        """Return a string's schema."""
        found: dict[str, Any] = {"type": "string", "description": self.about}
        found["maxLength"] = self.most
        if self.least:
            found["minLength"] = self.least
        if self.form is not None:
            found["pattern"] = f"^{self.form}$"
        if self.format is not None:
            found["format"] = self.format
        if self.default is not None:
            found["default"] = self.default
        return found

    def _long(self) -> str:
        return f"Use {self.least:,} to {self.most:,} characters."


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    about: str
    words: Sequence[str]
    default: str | None = None

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give what is wrong: another word."""
        if not isinstance(value, str) or value not in self.words:
            yield Fault(at, f"Send one of: {', '.join(self.words)}.")

    def schema(self) -> dict[str, Any]:
        """Return a string's schema with its words."""
        found: dict[str, Any] = {"type": "string", "description": self.about}
        found["enum"] = list(self.words)
        if self.default is not None:
            found["default"] = self.default
        return found


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    about: str
    default: bool | None = None

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give what is wrong: neither true nor false."""
        if not isinstance(value, bool):
            yield Fault(at, "Send true or false.")

    def schema(self) -> dict[str, Any]:
        """Return a boolean's schema."""
        found: dict[str, Any] = {"type": "boolean", "description": self.about}
        return found if self.default is None else {**found, "default": self.default}


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from 0 on."""

    about: str

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give what is wrong: no whole number, or one below 0."""
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            yield Fault(at, "Send a whole number from 0 on.")

    def schema(self) -> dict[str, Any]:
        """Return an integer's schema."""
        return {"type": "integer", "description": self.about, "minimum": 0}


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value, or null."""

    inner: Shape

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give what is wrong with a value that is not null."""
        if value is not None:
            yield from self.inner.faults(value, at)

    def schema(self) -> dict[str, Any]:
        """Return the inner schema, null allowed."""
        inner = self.inner.schema()
        if "$ref" in inner:
            return {"anyOf": [inner, {"type": "null"}]}
        found = {**inner, "type": [inner["type"], "null"]}
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
        return found


@dataclass(frozen=True, slots=True)
class ListOf:
    """Some values of one shape."""

    about: str
    inner: Shape
    most: int
    least: int = 0

    def faults(self, value: object, at: str) -> Iterator[Fault]:
        """Give what is wrong: no list, too many or few, or a value in it."""
        if not isinstance(value, list):
            yield Fault(at, "Send a list.")
        elif not self.least <= len(value) <= self.most:
            yield Fault(at, f"Send {self.least} to {self.most} values.")
        else:
            for place, each in enumerate(value):
                yield from self.inner.faults(each, f"{at}/{place}")

    def schema(self) -> dict[str, Any]:
        """Return an array's schema."""
        found: dict[str, Any] = {"type": "array", "description": self.about}
        found |= {"items": self.inner.schema(), "maxItems": self.most}
        return {**found, "minItems": self.least} if self.least else found


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with named fields; those not in `optional` must be there."""

    name: str
    about: str
    fields: Mapping[str, Shape]
    optional: frozenset[str] = frozenset()
    parts: Sequence["Thing"] = field(default=())  # other things its fields hold

    def faults(self, value: object, at: str = "") -> Iterator[Fault]:
        """Give what is wrong: no object, a field missing or unknown, or one that does not fit."""
        if not isinstance(value, dict):
            yield Fault(at or "body", "Send a JSON object.")
            return
        prefix = f"{at}/" if at else ""
        unknown = f"There is no such field. Known are: {', '.join(self.fields)}."
        for name in value:
            if name not in self.fields:
                yield Fault(f"{prefix}{name[:60]}", unknown)
        for name, shape in self.fields.items():
            if name in value:
                yield from shape.faults(value[name], f"{prefix}{name}")
            elif name not in self.optional:
                yield Fault(f"{prefix}{name}", "This field is needed.")

    def schema(self) -> dict[str, Any]:
        """Return where the document keeps the schema."""
        return {"$ref": f"#/components/schemas/{self.name}"}

    def definition(self) -> dict[str, Any]:
        """Return the schema itself."""
        return {
            "type": "object",
            "description": self.about,
            "properties": {name: shape.schema() for name, shape in self.fields.items()},
            "required": [name for name in self.fields if name not in self.optional],
            "additionalProperties": False,
        }


def identifier(about: str) -> Text:
    """Return the shape of an id of ours."""
    return Text(about, 36, form=UUID_FORM, form_words="Send an id as it was given.", format="uuid")


def moment(about: str) -> Text:
    """Return the shape of a moment in UTC."""
    words = "Send a moment in UTC like 2026-03-02T18:00:00Z."
    return Text(about, 32, form=DATE_TIME, form_words=words, format="date-time")


def number(about: str) -> Text:
    """Return the shape of a phone number as E.164."""
    words = (
        "Send the number as E.164: a plus sign, the country code and the number, like +13125550142."
    )
    return Text(about, 16, form=r"\+[1-9][0-9]{6,14}", form_words=words)
