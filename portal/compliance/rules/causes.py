"""Which part of what an account sent its opt-outs or errors come from (H-8).

A cause is a value of one dimension: a campaign, a step of a plan, words, a list or form, a number,
a person. The one that tells the trouble best from everything else is named first: by the Poisson
scan statistic (Kulldorff 1997, "A spatial scan statistic"), the log-likelihood that its texts have
a rate of their own. It gains from every bad event inside and loses by every good text, so a bought
list inside a good campaign outdoes the campaign, and words used in several campaigns outdo each of
them. Its texts are then left out and the rest is asked again, so one trouble is named once.

What stands out must be sure, too: the more values are tried, the more likelihood is asked for, and
the bad events beyond the rate of everything else are told with a lower bound (99 %; Byar's bounds
of both rates, joined as by Zou and Donner 2008), which is at least one. Where little else was
sent, as many texts as are enough to judge at the rate that is just good (H-7) stand beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import log, sqrt
from typing import Final

from portal.compliance.rules.health import Outcomes, Thresholds

_Z: Final = 2.576  # both sides of 99 %
_BY_CHANCE: Final = 100  # one account of so many may have a cause named that is chance
_AS_LIKELY: Final = 2.0  # natural logs of likelihood: within it none is the likelier one
_SHARED: Final = 0.8  # of a cause's bad events: then the other says much the same


class Dimension(StrEnum):
    """By what texts are told apart. Of causes as likely the one that stands first here is named."""

    SOURCE = "source"  # the list, form or way the consent came from
    STEP = "step"  # of a plan
    CAMPAIGN = "campaign"
    WORDING = "wording"  # nearly the same words, in several sends
    NUMBER = "number"  # texted from
    AGENT = "agent"
    ACCOUNT = "account"
    CODE = "code"  # the carrier's, of errors


class Trouble(StrEnum):
    """What is to be explained."""

    OPT_OUTS = "opt-outs"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of the texts that share a value in each of these dimensions."""

    of: Mapping[Dimension, str]
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class Counted:
    """Bad events, and the texts they are counted against: delivered ones, or all that left."""

    events: int = 0
    texts: int = 0

    @property
    def rate(self) -> float:
        """Bad events for each text."""
        return self.events / self.texts if self.texts else 0.0


@dataclass(frozen=True, slots=True)
class Cause:
    """One part of what was sent, with the bad events it explains beyond the rate of the rest."""

    dimension: Dimension
    value: str
    trouble: Trouble
    inside: Counted
    elsewhere: Counted
    good: float | None  # the rate it is held against; None: there is enough elsewhere
    whole: int  # bad events of everything, explained before or not
    explains: float
    at_least: float  # the lower bound of it
    weight: float  # log-likelihood gained: by it causes are ranked
    shared: tuple[tuple[Dimension, str, int], ...] = ()  # where its bad events are, too

    @property
    def words(self) -> str:
        """Return what a person reads after the cause's name: 41 of 52 opt-outs, and the rates."""
        share = f"{self.inside.events:,} of {self.whole:,} {self.trouble}"
        if self.dimension is Dimension.CODE:
            return f"{share}, {percent(self.inside.rate)} of all texts"
        against = (
            f"{percent(self.elsewhere.rate)} elsewhere"
            if self.good is None
            else f"the {percent(self.good)} that is good"
        )
        return f"{share}, {percent(self.inside.rate)} against {against}"


def rank(cells: Iterable[Cell], trouble: Trouble, by: Thresholds, most: int = 5) -> list[Cause]:
    """Return the causes that stand out, the likeliest first, each without what those before explain.

    None stands out where the rate is good everywhere, or there is too little to say.
    """
    left = [_Part(cell.of, _counted(cell.outcomes, trouble)) for cell in cells]
    whole = sum(part.counted.events for part in left)
    found: list[Cause] = []
    while len(found) < most:
        tried = list(_causes(left, trouble, by, whole))
        least = log(_BY_CHANCE * max(1, len(tried)))
        best = _first([c for c in tried if c.weight >= least and _stands_out(c, by)])
        if best is None:
            break
        theirs = [part for part in left if part.is_of(best)]
        found.append(_with_shared(best, theirs))
        left = _without(left, best)
    return found


def apart(cells: Iterable[Cell], trouble: Trouble, by: Thresholds, most: int = 30) -> list[Cause]:
    """Return each value of each dimension held against everything else, those with bad events.

    The most explained stands first; what lies in one another is not told apart here.
    """
    left = [_Part(cell.of, _counted(cell.outcomes, trouble)) for cell in cells]
    whole = sum(part.counted.events for part in left)
    found = [c for c in _causes(left, trouble, by, whole) if c.inside.events]
    return sorted(found, key=lambda c: (-c.explains, -c.inside.texts, _order(c)))[:most]


def percent(rate: float) -> str:
    """Return a rate as people read it: 9.1 %, 0.25 %."""
    return f"{rate * 100:.1f} %" if rate >= 0.01 or rate == 0 else f"{rate * 100:.2f} %"


@dataclass(frozen=True, slots=True)
class _Part:
    of: Mapping[Dimension, str]
    counted: Counted

    def is_of(self, cause: Cause) -> bool:
        return self.of.get(cause.dimension) == cause.value


def _counted(outcomes: Outcomes, trouble: Trouble) -> Counted:
    if trouble is Trouble.OPT_OUTS:
        return Counted(outcomes.opted_out, outcomes.delivered)
    return Counted(outcomes.wrong, outcomes.attempted)


def _causes(
    parts: Sequence[_Part], trouble: Trouble, by: Thresholds, whole: int
) -> Iterable[Cause]:
    """Hold each value against everything else."""
    sums: dict[tuple[Dimension, str], list[int]] = {}
    events = texts = 0
    for part in parts:
        events += part.counted.events
        texts += part.counted.texts
        for key in part.of.items():
            sum_ = sums.setdefault(key, [0, 0])
            sum_[0] += part.counted.events
            sum_[1] += part.counted.texts
    for (dimension, value), (bad, of) in sums.items():
        if dimension is Dimension.CODE and trouble is Trouble.OPT_OUTS:
            continue
        if dimension in _WHO and of == texts:
            continue  # everything is theirs: that tells nothing
        # Each text with a code went wrong, so it has no rate: it is held against all other errors.
        is_code = dimension is Dimension.CODE
        inside = Counted(bad, texts if is_code else of)
        outside = Counted(events - bad, texts if is_code else texts - of)
        yield _cause(dimension, value, trouble, inside, outside, by, whole)


def _cause(  # noqa: PLR0917 (one value, all that is held against it)
    dimension: Dimension,
    value: str,
    trouble: Trouble,
    inside: Counted,
    outside: Counted,
    by: Thresholds,
    whole: int,
) -> Cause:
    good = _good(trouble, by)
    is_enough = outside.texts >= by.least_delivered
    events = outside.events + (0.0 if is_enough else good * by.least_delivered)
    texts = outside.texts + (0 if is_enough else by.least_delivered)
    of = max(inside.texts, inside.events)  # people opt out of what left before the window, too
    rate = events / texts
    expected = of * rate
    explains = inside.events - expected
    low = inside.events - _low(inside.events)
    high = of * (_high(events) / texts - rate)
    return Cause(
        dimension,
        value,
        trouble,
        inside,
        outside,
        None if is_enough else good,
        whole,
        explains,
        explains - sqrt(low * low + high * high),
        _likelihood(inside.events, events, of / (of + texts) if of else 0.0),
    )


def _likelihood(inside: int, outside: float, share: float) -> float:
    """Return the log-likelihood ratio of a rate of its own against one rate for all (Kulldorff)."""
    expected = (inside + outside) * share
    if inside <= expected:
        return 0.0
    others = (inside + outside) - expected
    return inside * log(inside / expected) + (outside * log(outside / others) if outside else 0.0)


def _low(events: float) -> float:
    """Return Byar's lower bound of a count."""
    if events <= 0:
        return 0.0
    return events * max(0.0, 1 - 1 / (9 * events) - _Z / (3 * sqrt(events))) ** 3


def _high(events: float) -> float:
    """Return Byar's upper bound of a count."""
    more = events + 1
    return float(more * (1 - 1 / (9 * more) + _Z / (3 * sqrt(more))) ** 3)


def _good(trouble: Trouble, by: Thresholds) -> float:
    per = by.opt_out_watch if trouble is Trouble.OPT_OUTS else by.error_watch
    return per / 10_000


def _stands_out(cause: Cause, by: Thresholds) -> bool:
    """Say whether it is worse than good, and surely worse than the rest."""
    return (
        cause.inside.events >= by.least_events
        and cause.inside.rate > _good(cause.trouble, by)
        and cause.at_least >= 1
    )


def _first(causes: Sequence[Cause]) -> Cause | None:
    """Return the likeliest; of those as likely the first by dimension, then the larger."""
    if not causes:
        return None
    top = max(cause.weight for cause in causes)
    near = [cause for cause in causes if cause.weight >= top - _AS_LIKELY]
    return min(near, key=lambda c: (_ORDER[c.dimension], -c.weight, -c.inside.texts, c.value))


def _without(parts: Sequence[_Part], cause: Cause) -> list[_Part]:
    """Leave out what a cause explains: its texts, or of a code the errors alone."""
    if cause.dimension is not Dimension.CODE:
        return [part for part in parts if not part.is_of(cause)]
    return [
        _Part(
            {key: value for key, value in part.of.items() if key is not Dimension.CODE},
            Counted(0, part.counted.texts),
        )
        if part.is_of(cause)
        else part
        for part in parts
    ]


def _with_shared(cause: Cause, parts: Sequence[_Part]) -> Cause:
    """Say where nearly all bad events of a cause are, too: by which number, in which campaign."""
    sums: dict[tuple[Dimension, str], int] = {}
    for part in parts:
        for key in part.of.items():
            if key[0] is not cause.dimension:
                sums[key] = sums.get(key, 0) + part.counted.events
    shared = sorted(
        (
            (dimension, value, events)
            for (dimension, value), events in sums.items()
            if events >= _SHARED * cause.inside.events
        ),
        key=lambda one: (_ORDER[one[0]], -one[2], one[1]),
    )
    return replace(cause, shared=tuple(shared))


def _order(cause: Cause) -> tuple[int, str]:
    return _ORDER[cause.dimension], cause.value


_WHO: Final = {Dimension.NUMBER, Dimension.AGENT, Dimension.ACCOUNT}
_ORDER: Final = {dimension: place for place, dimension in enumerate(Dimension)}
