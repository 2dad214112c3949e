"""Words that don't belong in a brokerage's texts: forbidden, solicitation, bait (SPEC H-1).

The words stand in `data/lint_content.toml`. Forbidden are the categories carriers refuse in
the United States and Canada and the real-estate kinds of them (facts 5.2); they are meant to
miss a disguise rather than stop an honest text, because they block.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from portal.compliance.rules.lint_text import DATA, Finding, Level, Plain, Rule, Span, compiled

_DATA: Final[dict[str, Any]] = tomllib.loads(
    (DATA / "lint_content.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of words a rule knows, what is ordinary beside it, and what to say."""

    rule: Rule
    name: str
    why: str
    message: str
    find: Callable[[str], re.Match[str] | None]
    ordinary: re.Pattern[str] | None


def check(text: Plain, *, ongoing: bool) -> list[Finding]:
    """Find forbidden words, cold solicitation and bait, one finding per kind.

    In an ongoing exchange a question about selling answers the person, so it is a remark.
    """
    levels: dict[Rule, Level] = {
        "forbidden": "block",
        "solicitation": "info" if ongoing else "warn",
        "bait": "warn",
    }
    findings = []
    for kind in _KINDS:
        left = text if kind.ordinary is None else text.without(_spans(kind.ordinary, text.text))
        match = kind.find(left.text)
        if match is not None:
            words = text.quote(match.span())
            level = levels[kind.rule]
            findings.append(Finding(kind.rule, level, words, kind.message, kind.name))
    return findings


def kinds(rule: Rule) -> list[tuple[str, str]]:
    """Return the kinds of words a rule knows, each with why it is looked for."""
    return [(kind.name, kind.why) for kind in _KINDS if kind.rule == rule]


def _spans(pattern: re.Pattern[str], line: str) -> list[Span]:
    return [match.span() for match in pattern.finditer(line)]


def _filled(patterns: list[str]) -> list[str]:
    """Put the named sets of the word file into its patterns."""
    filled = []
    for pattern in patterns:
        written = pattern
        for name, means in _DATA["sets"].items():
            written = written.replace(f"{{{name}}}", means)
        filled.append(written)
    return filled


def _kind(rule: Rule, entry: dict[str, Any]) -> _Kind:
    ordinary = _filled(entry.get("ordinary", []))
    return _Kind(
        rule,
        entry["name"],
        entry["why"],
        f"{entry['why']} {entry['fix']}",
        compiled(_filled(entry["patterns"])),
        re.compile("|".join(ordinary)) if ordinary else None,
    )


_RULES: Final[tuple[Rule, ...]] = ("forbidden", "solicitation", "bait")
_KINDS: Final = tuple(_kind(rule, entry) for rule in _RULES for entry in _DATA[rule])
