"""What a plan's steps must be, and what is wrong with them (P-1, S-9)."""

from collections.abc import Iterator, Sequence
from datetime import time

from portal.drips.values import (
    LAST_DAY,
    LONGEST_LETTER,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_STEPS,
    Step,
    StepFault,
    StepKind,
)
from portal.messaging.rules import merge
from portal.messaging.rules.merge import MergeError

_LONGEST = {
    StepKind.TEXT: LONGEST_TEXT,
    StepKind.EMAIL: LONGEST_LETTER,
    StepKind.TASK: LONGEST_LETTER,
}
_TITLES = {StepKind.EMAIL: "Write the subject.", StepKind.TASK: "Write what is to be done."}


def faults(steps: Sequence[Step]) -> list[StepFault]:
    """Return everything wrong with a plan's steps, in order."""
    if not steps:
        return [StepFault(-1, "steps", "A plan has at least one step. Add one.")]
    if len(steps) > MOST_STEPS:
        return [StepFault(-1, "steps", f"A plan has at most {MOST_STEPS} steps.")]
    found: list[StepFault] = []
    before: Step | None = None
    for position, step in enumerate(steps):
        found += [StepFault(position, *told) for told in _of_time(step, before)]
        found += [StepFault(position, *told) for told in _of_words(step)]
        before = step
    return found


def tidy(step: Step) -> Step:
    """Return a step as it is kept: no blanks at the ends, and nothing its kind has no use for."""
    title = " ".join(step.title.split()) if step.kind in _TITLES else ""
    body = step.body.strip() if step.kind in _LONGEST else ""
    return Step(step.kind, step.day, step.at, title, body, step.missing)


def _of_time(step: Step, before: Step | None) -> Iterator[tuple[str, str]]:
    if not 0 <= step.day <= LAST_DAY:
        yield "day", f"Choose a day from 0 to {LAST_DAY}."
    elif step.at is None and (step.day > 0 or step.kind is StepKind.WAIT):
        yield "at", "Choose a time of day. Only steps of day 0 can go at once."
    elif before is not None and _when(step) < _when(before):
        yield "day", "It comes before the step above it. Move it up, or choose a later time."


def _of_words(step: Step) -> Iterator[tuple[str, str]]:
    if step.kind in _TITLES and not step.title.strip():
        yield "title", _TITLES[step.kind]
    if step.kind in _TITLES and len(step.title) > LONGEST_TITLE:
        yield "title", f"Keep it to {LONGEST_TITLE} characters."
    if step.kind in (StepKind.TEXT, StepKind.EMAIL) and not step.body.strip():
        yield "body", "Write the text." if step.kind is StepKind.TEXT else "Write the e-mail."
    if len(step.body) > _LONGEST.get(step.kind, len(step.body)):
        yield "body", f"Keep it to {_LONGEST[step.kind]:,} characters."
    for field, words in (("title", step.title), ("body", step.body)):
        try:
            unknown = merge.unknown_fields(words)
        except MergeError as error:
            yield field, error.message
        else:
            if unknown:
                yield field, f"Nothing is called {{{unknown[0]}}}. Choose a field from the list."


def _when(step: Step) -> tuple[int, time]:
    """Return what steps are ordered by; at once comes first on its day."""
    return step.day, step.at or time.min
