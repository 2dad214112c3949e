"""What pages say of plans: how a step reads to somebody, and what it costs (R-6, P-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.drips.values import Step, StepKind
from portal.messaging.rules import merge, rates
from portal.messaging.rules.merge import SAMPLE, USUAL_FALLBACKS, MergeError
from portal.messaging.rules.segments import analyze, replacements


@dataclass(frozen=True, slots=True)
class Reads:
    """How a step reads to somebody made up; figures are those of a text."""

    title: str
    body: str
    credits: int = 0
    segments: int = 0
    units: int = 0
    encoding: str = ""
    forcing: tuple[str, ...] = ()
    saves: int = 0  # credits that twins of special characters would save


def reads(step: Step, own_values: Mapping[str, str]) -> Reads:
    """Return how a step reads. Words with a wrong brace stand as they were typed."""
    title, body = (_merged(words, own_values) for words in (step.title, step.body.strip()))
    if step.kind is not StepKind.TEXT or not body:
        return Reads(title, body)
    parts = [analyze(part) for part in rates.split_parts(body)]
    cost = rates.total_credits(body, 1)
    return Reads(
        title,
        body,
        credits=cost,
        segments=sum(part.segments for part in parts),
        units=analyze(body).units,
        encoding=analyze(body).encoding,
        forcing=analyze(step.body).forcing,
        saves=max(0, cost - rates.total_credits(with_twins(body), 1)),
    )


def with_twins(body: str) -> str:
    """Return words whose special characters gave way to their twins of the SMS alphabet (R-6)."""
    for character, twin in replacements(body).items():
        body = body.replace(character, twin)
    return body


def credits_of(steps: Sequence[Step], own_values: Mapping[str, str]) -> int:
    """Return what a plan costs for one person in the US whose values are of usual length."""
    return sum(reads(step, own_values).credits for step in steps)


def _merged(words: str, own_values: Mapping[str, str]) -> str:
    try:
        return merge.merge(words, {**own_values, **SAMPLE}, fallbacks=USUAL_FALLBACKS).body
    except MergeError:
        return words
