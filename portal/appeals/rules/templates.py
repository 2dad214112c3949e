"""The wordings of an appeal: which parts there are, and what each asks (A-2).

Officers may change the wording; a case keeps the version it began with. Which parts there are,
and which are required, is fixed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.appeals.values import Kind, Slot

LONGEST_HEADING: Final = 500
# Version 1: the questions the vendor's support asks, word for word.
QUESTIONS: Final = (
    "Attach a screenshot of the first text message in the workflow once your leads opt-in:",
    "Please provide the Web URL address around your data collection methods:",
    (
        "Attach a screenshot showing a checkbox to ensure the lead gives consent when filling out the "
        "form:"
    ),
    (
        "Please explain whether you receive direct consent from end-users and/or where end-users are "
        "signing up to agree to receive your communication:"
    ),
    "Confirm that you cease the traffic that is driving the high opt-out and error rates",
    (
        "If your account is suspended because of violations in obtaining and/or maintaining user "
        "consent, you might be asked to provide proof of opt-in for certain phone numbers. Once you "
        "reach out to support we will look at this information with Twilio but be prepared to provide "
        "proof of opt-in for certain phone numbers."
    ),
)


@dataclass(frozen=True, slots=True)
class PartOf:
    """A part of a template; one that is not required may be set aside with a reason."""

    number: int
    slot: Slot
    heading: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A version of one of the two templates."""

    kind: Kind
    version: int
    parts: tuple[PartOf, ...]

    def part(self, slot: Slot) -> PartOf:
        """Return the part that is about something. Raises KeyError where there is none."""
        for part in self.parts:
            if part.slot is slot:
                return part
        raise KeyError(slot)

    @property
    def headings(self) -> tuple[str, ...]:
        """Return what the parts ask, in order."""
        return tuple(part.heading for part in self.parts)


# What may be missing: 3 and 6 may be set aside with a reason.
_SLOTS: Final[Mapping[Kind, tuple[tuple[Slot, bool], ...]]] = {
    Kind.SUSPENSION: (
        (Slot.FIRST_TEXT, True),
        (Slot.WEB_ADDRESS, True),
        (Slot.CHECKBOX, False),
        (Slot.CONSENT, True),
        (Slot.CEASED, True),
        (Slot.PROOF, False),
    ),
    Kind.SIMILAR: (
        (Slot.JUSTIFICATION, True),
        (Slot.WORDINGS, True),
        (Slot.NUMBERS, True),
        (Slot.CONSENT, True),
    ),
}
_FIRST: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.SUSPENSION: QUESTIONS,
    Kind.SIMILAR: (
        "Business reason for the same or similar messages from more than one phone number:",
        "The messages in question, word for word:",
        "The phone numbers they leave from, and who uses each of them:",
        "How the people who get them agreed to be texted, and where they signed up:",
    ),
}


def template_of(kind: Kind, version: int, headings: Sequence[str]) -> Template:
    """Return a version of a template with its wording. Raises ValueError for another count."""
    return Template(
        kind,
        version,
        tuple(
            PartOf(number, slot, heading, is_required)
            for number, ((slot, is_required), heading) in enumerate(
                zip(_SLOTS[kind], headings, strict=True), 1
            )
        ),
    )


def first_version(kind: Kind) -> Template:
    """Return version 1, which nobody edited."""
    return template_of(kind, 1, _FIRST[kind])


def as_text(template: Template, answers: Mapping[int, str]) -> str:
    """Return the parts with their answers as plain text, for a ticket on the web."""
    return "\n\n".join(
        f"{part.number}. {part.heading}\n{answers.get(part.number) or '[your answer]'}"
        for part in template.parts
    )
