"""What the cost strip says of a text and a list (R-5, R-6), reckoned from a plan."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.messaging.rules import rates
from portal.messaging.rules.plan import Plan, PlannedText
from portal.messaging.rules.segments import Segmentation, analyze, replacements
from portal.messaging.values import Fate

_MOST_NAMED = 3
_NO_WORDS = Segmentation("GSM-7", 0, 1, ())
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")  # they hold an emoji together and are never typed alone


@dataclass(frozen=True, slots=True)
class Strip:
    """The live figures of a text."""

    left: int  # characters until one more credit
    encoding: str
    segments_each: str
    credits_each: str
    segments: int | None  # None: the list is too long to reckon while one types
    credits: int | None
    estimate: int | None  # for such a list
    units: int
    room: int  # characters a unit holds
    parts: int
    longest_name: str | None  # whose merged text is the longest
    forcing: tuple[str, ...]  # what made it dear, as shown
    swaps: tuple[tuple[str, str], ...]  # a character and its GSM twin, as shown
    saves: int  # credits the swaps save; 0 where they save nothing
    dear_names: tuple[str, ...]  # people whose values made their text dear
    dear_people: int


def strip(body: str, plan: Plan | None, people: int, cheaper: int | None, media: int = 0) -> Strip:
    """Return the figures of a text that has words, or so many files.

    `plan` is None for a list too long to reckon live; `cheaper` is what all would cost with
    every GSM twin put in, None where that is not known.
    """
    sent = [t for t in plan.texts if t.outcome is not Fate.BLOCKED] if plan else []
    longest = max(sent, key=lambda t: (t.credits, len(t.body)), default=None)
    words = longest.body if longest else body
    last = (rates.split_parts(words) or [words])[-1]
    counted, template = (analyze(text) if text else _NO_WORDS for text in (last, body))
    # A file goes with part 1 alone: of a text in parts the last one counts as any other does.
    room = _room(counted.encoding, is_mms=_is_mms(longest) if longest else media > 0)
    each = rates.total_credits(body, 1, media)
    dear = _dear(sent) if template.encoding == "GSM-7" else []
    twins = replacements(body) if body else {}
    swaps = tuple((shown(c), shown(twin)) for c, twin in twins.items())
    reckoned = plan is not None and (people == 0 or bool(sent))
    now = plan.credits if plan and sent else each
    after = cheaper if cheaper is not None and sent else _price_replaced(body, media)
    return Strip(
        left=-counted.units % room if counted.units else room,
        encoding=counted.encoding,
        segments_each=_span(t.segments for t in sent) or str(1 if media else _segments(body)),
        credits_each=_span(t.credits for t in sent) or str(each),
        segments=plan.segments if plan and reckoned else None,
        credits=plan.credits if plan and reckoned else None,
        estimate=each * people if plan is None and people else None,
        units=analyze(words).units if words else 0,
        room=room,
        parts=max(1, len(rates.split_parts(words))),
        longest_name=longest.name if longest and longest.body != body else None,
        forcing=visible(template.forcing),
        swaps=swaps,
        saves=max(0, now - after) if swaps else 0,
        dear_names=tuple(t.name for t in dear[:_MOST_NAMED]),
        dear_people=len(dear),
    )


def visible(characters: Sequence[str]) -> tuple[str, ...]:
    """Return characters as a page can show them; joiners stand with their emoji, not alone."""
    kept = [c for c in characters if c not in _JOINERS] or list(characters)
    return tuple(dict.fromkeys(shown(c) for c in kept))


def shown(character: str) -> str:
    """Return a character, or its name where nothing would be seen."""
    if not character:
        return "nothing"
    if character == " ":
        return "a space"
    is_seen = character.isprintable() and not all(
        unicodedata.category(c)[0] in "MZC" for c in character
    )
    if is_seen:
        return character
    return unicodedata.name(character[0], f"U+{ord(character[0]):04X}").capitalize()


def _dear(sent: Sequence[PlannedText]) -> list[PlannedText]:
    """Return the texts that special characters in a person's values made dear."""
    return [text for text in sent if text.encoding != "GSM-7"]


def _price_replaced(body: str, media: int) -> int:
    twins = replacements(body) if body else {}
    for character, twin in twins.items():
        body = body.replace(character, twin)
    return rates.total_credits(body, 1, media) if body else 0


def _segments(body: str) -> int:
    return sum(analyze(part).segments for part in rates.split_parts(body))


def _span(figures: Iterable[int]) -> str:
    found = sorted(set(figures))
    if not found:
        return ""
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _is_mms(text: PlannedText) -> bool:
    return len(text.parts) == 1 and text.parts[0].media > 0


def _room(encoding: str, *, is_mms: bool) -> int:
    table = rates.TABLES[-1]
    if is_mms:
        return table.mms_plain if encoding == "GSM-7" else table.mms_special
    return table.sms_plain if encoding == "GSM-7" else table.sms_special
