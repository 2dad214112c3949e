"""What an appeal lacks before it may go on, and what is weak in it (A-4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from portal.appeals.rules.first_text import FirstText
from portal.appeals.rules.templates import Template
from portal.appeals.values import PartRef, Slot
from portal.core.formats import plural

SHORT_TITLES: Final = {
    Slot.FIRST_TEXT: "First text after opt-in",
    Slot.WEB_ADDRESS: "Where the data is collected",
    Slot.CHECKBOX: "The consent checkbox",
    Slot.CONSENT: "How people sign up",
    Slot.CEASED: "The traffic has stopped",
    Slot.PROOF: "Proof of opt-in",
    Slot.JUSTIFICATION: "Business reason",
    Slot.WORDINGS: "The messages",
    Slot.NUMBERS: "The numbers they leave from",
}
_FEW_WORDS: Final = 12  # of an explanation
_LACKS: Final = {
    Slot.FIRST_TEXT: "Show the first text: a screenshot, a video or a link to one.",
    Slot.WEB_ADDRESS: "Enter the web address where people leave their number.",
    Slot.CHECKBOX: "Show the form with its checkbox, or say why it does not apply.",
    Slot.CONSENT: "Explain how consent is given, and where people sign up.",
    Slot.CEASED: "Stop the traffic and confirm it.",
    Slot.PROOF: "Name the numbers the carrier asks about, or say why it does not apply.",
    Slot.JUSTIFICATION: "Give the business reason.",
    Slot.WORDINGS: "Write the messages down, word for word.",
    Slot.NUMBERS: "List the numbers, and who uses each.",
}
_GOES_ON: Final = (
    "It was confirmed, but bulk and plan texts are not paused any more. Stop them again."
)


class Level(StrEnum):
    """How a part stands; the names are those of the checklist."""

    DONE = "done"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the parts themselves."""

    first_text: FirstText | None = None  # None: nobody wrote it down in words
    own_addresses: frozenset[str] = frozenset()  # of published forms
    whole_addresses: frozenset[str] = frozenset()  # of outside pages that showed every point
    checked_addresses: frozenset[str] = frozenset()  # of outside pages that were looked at
    is_traffic_stopped: bool = True  # as it is now, whatever was confirmed
    without_proof: int = 0  # of the numbers named


@dataclass(frozen=True, slots=True)
class Standing:
    """How one part stands, and every reason why."""

    number: int
    slot: Slot
    level: Level
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return what the part is about, in a few words."""
        return SHORT_TITLES[self.slot]


@dataclass(frozen=True, slots=True)
class Readiness:
    """How the whole case stands."""

    parts: tuple[Standing, ...] = field(default=())

    @property
    def missing(self) -> tuple[Standing, ...]:
        """Return the parts that keep the case from going on."""
        return tuple(part for part in self.parts if part.level is Level.MISSING)

    @property
    def weak(self) -> tuple[Standing, ...]:
        """Return the parts a reviewer will ask about."""
        return tuple(part for part in self.parts if part.level is Level.WEAK)

    @property
    def is_ready(self) -> bool:
        """Say whether nothing required is missing."""
        return not self.missing


def check(template: Template, parts: Sequence[PartRef], facts: Facts) -> Readiness:
    """Return how every part of a case stands."""
    by_number = {part.number: part for part in parts}
    return Readiness(
        tuple(_standing(by_number[asked.number], asked.slot, facts) for asked in template.parts)
    )


def _standing(part: PartRef, slot: Slot, facts: Facts) -> Standing:
    if part.is_set_aside:
        return Standing(part.number, slot, Level.DONE, ("Does not apply",))
    if not _is_there(part, slot):
        return Standing(part.number, slot, Level.MISSING, (_LACKS[slot],))
    if slot is Slot.CEASED and not facts.is_traffic_stopped:  # the carrier would be told an untruth
        return Standing(part.number, slot, Level.MISSING, (_GOES_ON,))
    notes = tuple(_weak(part, slot, facts))
    return Standing(part.number, slot, Level.WEAK if notes else Level.DONE, notes)


def _is_there(part: PartRef, slot: Slot) -> bool:
    if slot is Slot.FIRST_TEXT:
        return bool(part.files or part.link)
    if slot is Slot.WEB_ADDRESS:
        return bool(part.link)
    if slot is Slot.CHECKBOX:
        return bool(part.files)
    if slot is Slot.CEASED:
        return part.confirmed_at is not None
    if slot is Slot.PROOF:
        return bool(part.numbers or part.files)
    return bool(part.text)


def _weak(part: PartRef, slot: Slot, facts: Facts) -> list[str]:
    if slot is Slot.FIRST_TEXT:
        return _about_first_text(facts.first_text)
    if slot is Slot.WEB_ADDRESS:
        return _about_address(part.link, facts)
    if slot is Slot.PROOF and facts.without_proof:
        named, without = len(part.numbers), facts.without_proof
        return [f"{without:,} of {plural(named, 'number')} without proof of opt-in."]
    if slot in (Slot.CONSENT, Slot.JUSTIFICATION) and len(part.text.split()) < _FEW_WORDS:
        return ["Say more: a carrier wants who, where and how, in a few sentences."]
    return []


def _about_first_text(found: FirstText | None) -> list[str]:
    if found is None:
        return ["Write the text down too, word for word: then it is checked."]
    return [
        *(f"{hit.told.name}: “{hit.matched}”. {hit.told.fix}" for hit in found.hits),
        *(finding.message for finding in found.others),
    ]


def _about_address(link: str, facts: Facts) -> list[str]:
    if link in facts.own_addresses or link in facts.whole_addresses:
        return []
    if not link.startswith("https://"):
        return ["The page is not at https: carriers mark that down."]
    if link in facts.checked_addresses:
        return ["The page lacks some of the ten points a carrier looks for: see its check."]
    return ["The page was not checked for the ten points a carrier looks for."]
