"""What the lint says of one send: levels as officers set them, and what needs an OK (H-1, S-12)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from portal.compliance.rules.lint import Finding, Level, Rule

OK: Final = "OK"  # what a sender types under warnings
RULES: Final[Mapping[Rule, tuple[str, Level]]] = {  # its name for people, and its default (H-1)
    "forbidden": ("Forbidden content", "block"),
    "personal_data": ("Personal data", "block"),
    "sender": ("Sender not named", "warn"),
    "solicitation": ("Cold solicitation", "warn"),
    "shortener": ("Public link shortener", "warn"),
    "bait": ("Bait", "warn"),
    "opt_out": ("No way to opt out", "warn"),
    "foreign_link": ("Link to somebody else's site", "info"),
    "caps": ("Capitals and marks", "info"),
}
FIXED: Final = frozenset({"forbidden", "personal_data"})  # carriers block them: never lower
LEVELS: Final[Mapping[Level, str]] = {
    "info": "Remark: it is shown",
    "warn": "Warning: the sender types OK",
    "block": "Block: an officer must release it",
}
_GRAVITY: Final[Mapping[Level, int]] = {"block": 0, "warn": 1, "info": 2}
# Values of merge fields bring words of their own, but not who sends nor how to stop.
_OF_VALUES: Final = frozenset(
    {"forbidden", "personal_data", "shortener", "foreign_link", "bait", "solicitation"}
)


class ReviewState(StrEnum):
    """What an officer said of a text the lint blocked."""

    ASKED = "asked"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything the lint found in a text, gravest first, and whether it was released."""

    findings: tuple[Finding, ...] = ()
    is_released: bool = False  # an officer let exactly these words go
    body: str = ""  # the text or template they were found in

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """Return what stops the text until somebody changes it or an officer releases it."""
        return () if self.is_released else self._at("block")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Return what the sender must answer with a typed OK (S-12)."""
        return self._at("warn")

    @property
    def key(self) -> str:
        """Return what an OK stands for: these warnings about these words, and no others."""
        if not self.warnings:
            return ""
        told = [self.body, *((f.rule, f.matched) for f in self.warnings)]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

    @property
    def passed(self) -> list[str]:
        """Return the rules somebody passed over, by typing OK or by releasing the words."""
        over = [*self.warnings, *(self._at("block") if self.is_released else ())]
        return sorted({finding.rule for finding in over})

    def stored(self, *, is_ok: bool) -> list[dict[str, Any]]:
        """Return the findings as they are kept with the send.

        They quote its template, and nothing that a merge field put in: that is one person's.
        """
        return [
            {
                "rule": f.rule,
                "level": f.level,
                "matched": f.matched if f.matched in self.body else "",
                "message": f.message,
                "passed": _passed(f.level, is_ok=is_ok),
            }
            for f in self.findings
        ]

    def _at(self, level: Level) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level == level)


def graded(findings: Iterable[Finding], levels: Mapping[str, Level]) -> list[Finding]:
    """Give findings the levels an organization has set; what is fixed stays as it is."""
    return [
        f if f.rule in FIXED else replace(f, level=levels.get(f.rule, f.level)) for f in findings
    ]


def together(template: Iterable[Finding], variants: Iterable[Iterable[Finding]]) -> list[Finding]:
    """Join what was found in a template and in what it became for some people, each thing once."""
    found = {(f.rule, f.matched): f for f in template}
    for variant in variants:
        for finding in variant:
            if finding.rule in _OF_VALUES:
                found.setdefault((finding.rule, finding.matched), finding)
    return sorted(found.values(), key=lambda f: _GRAVITY[f.level])


def ok_to(typed: str, seen: str) -> str:
    """Return the key of the warnings a sender saw and typed OK to; nothing where they did not."""
    return seen if typed.strip().casefold() == OK.casefold() else ""


def body_hash(body: str) -> str:
    """Return what a release stands for: these words, whatever blanks stand at their ends."""
    return hashlib.sha256(body.strip().encode()).hexdigest()


def _passed(level: Level, *, is_ok: bool) -> str:
    if level == "block":
        return "released"
    return "ok" if level == "warn" and is_ok else ""
