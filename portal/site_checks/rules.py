"""What a page must show, in words, and what changed between two looks at it (C-3, C-9)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from portal.consent.rules import disclosures
from portal.site_checks.values import Point, Verdict

POINTS: Final = (
    Point(
        "programme",
        "Programme name or description",
        "Say what the texts are about: “You agree to receive texts about homes for sale.”",
    ),
    Point(
        "sender",
        "Who is texting",
        "Name the brokerage in the same sentence: “… texts from Juniper Realty.”",
    ),
    Point("rates", "Message and data rates", "Write: “Message and data rates may apply.”"),
    Point(
        "frequency",
        "Message frequency",
        "Say how often: “Message frequency varies” or “Up to 4 messages a month.”",
    ),
    Point("help", "Help contact", "Write: “Reply HELP for help”, or give a phone number for help."),
    Point("stop", "How to opt out", "Write: “Reply STOP to cancel.”"),
    Point(
        "privacy",
        "Link to the privacy policy",
        "Add a link whose words say “Privacy policy” and that leads to the policy.",
    ),
    Point(
        "terms",
        "Link to the terms",
        "Add a link whose words say “Terms” and that leads to the terms of the texts.",
    ),
    Point(
        "checkbox",
        "An optional checkbox, not ticked beforehand",
        "Put a checkbox of its own beside the sentence about texts: not ticked, not required, "
        "not shared with anything else.",
    ),
    Point(
        "not_condition",
        "Consent is not a condition of purchase",
        "Write: “Consent is not a condition of purchase.”",
    ),
)
_BY_KEY: Final = {point.key: point for point in POINTS}
_MOST_WORDS: Final = 300  # of one match, kept with the report
_declared: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})""", re.IGNORECASE
)


def text_of(body: bytes, charset: str) -> str:
    """Return a page as text: by its header's charset, its own mark, else UTF-8 or Latin letters."""
    named = _declared.search(body[:2_048])
    for name in (charset, named[1].decode("ascii") if named else "", "utf-8"):
        try:
            return body.decode(name) if name else _unreadable(body)
        except (LookupError, UnicodeError):
            continue
    return body.decode("cp1252", "replace")


def judge(html: str) -> dict[str, dict[str, object]]:
    """Return what was found of each point, in the form a report keeps."""
    found = disclosures.findings(html)
    return {
        point.key: {
            "found": found[point.key].found,
            "matched": [words[:_MOST_WORDS] for words in found[point.key].matched],
            "remark": found[point.key].remark,
        }
        for point in POINTS
    }


def verdicts(kept: Mapping[str, Mapping[str, Any]]) -> tuple[Verdict, ...]:
    """Return a kept report as verdicts, in the order of the ten points."""
    return tuple(
        Verdict(point, said["found"], tuple(said["matched"]), said["remark"])
        for point in POINTS
        if (said := kept.get(point.key))
    )


def lost(
    before: Mapping[str, Mapping[str, Any]] | None, now: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the points that were there the time before and are no more."""
    if not before:
        return []
    return [
        point.key
        for point in POINTS
        if before.get(point.key, {}).get("found") and not now[point.key]["found"]
    ]


def named(keys: list[str]) -> tuple[Point, ...]:
    """Return points by their keys."""
    return tuple(_BY_KEY[key] for key in keys if key in _BY_KEY)


def _unreadable(body: bytes) -> str:
    raise UnicodeDecodeError("none", body, 0, 0, "no charset is named")
