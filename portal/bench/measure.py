"""Rounds, ratios and verdicts: how every bench measures and what it prints."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

Reading = Callable[[], float]


class Verdict(StrEnum):
    """How a figure stands to its target."""

    MET = "met"
    ABOVE_FLOOR = "above floor"
    BELOW_FLOOR = "below floor"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should reach, and what it must (SPEED); `unit` is empty for a ratio."""

    name: str
    floor: float
    target: float
    higher_is_better: bool = True
    unit: str = ""

    def verdict(self, value: float) -> Verdict:
        """Return how a value stands to this target."""
        sign = 1 if self.higher_is_better else -1
        if value * sign >= self.target * sign:
            return Verdict.MET
        return Verdict.ABOVE_FLOOR if value * sign >= self.floor * sign else Verdict.BELOW_FLOOR


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of every bench; a size of None is the bench's own."""

    rounds: int
    size: int | None
    engines: Sequence[str]  # of scratch.ENGINES


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a value for each round, and what ours and the limit read."""

    target: Target
    what: str
    values: tuple[float, ...]
    ours: str = ""
    limit: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def verdict(self) -> Verdict:
        """How the median stands to the target."""
        return self.target.verdict(self.value)

    def cells(self) -> tuple[str, ...]:
        """Return the line as words."""
        unit = self.target.unit
        spread = f" [{_short(min(self.values))}..{_short(max(self.values))}]"
        return (
            self.target.name,
            self.what,
            self.ours,
            self.limit,
            f"{_short(self.value)}{unit}{spread if len(self.values) > 1 else ''}",
            f"{_short(self.target.target)}{unit} ({_short(self.target.floor)}{unit})",
            self.verdict.value,
        )


HEADINGS = ("", "what", "ours", "limit", "median [spread]", "target (floor)", "verdict")


def compare(
    target: Target,
    what: str,
    ours: Reading,
    limit: Reading,
    *,
    rounds: int,
    unit: str = "/s",
) -> Figure:
    """Read ours and the limit by turns and return the ratios, ours divided by the limit.

    Every other round begins with the other one, so that what drifts favours neither.
    """
    [figure_] = compare_with_each(ours, {(target, what): limit}, rounds=rounds, unit=unit)
    return figure_


def compare_with_each(
    ours: Reading,
    limits: Mapping[tuple[Target, str], Reading],
    *,
    rounds: int,
    unit: str = "/s",
) -> list[Figure]:
    """Read ours and several limits by turns, as compare() does; return a figure for each limit."""
    readings = [ours, *limits.values()]
    read: list[list[float]] = [[] for _ in readings]
    for turn in range(rounds):
        places = list(enumerate(readings))
        for place, reading in places if turn % 2 else reversed(places):
            read[place].append(reading())
    mine, *others = read
    return [
        Figure(
            target,
            what,
            tuple(a / b for a, b in zip(mine, theirs, strict=True)),
            f"{_short(median(mine))}{unit}",
            f"{_short(median(theirs))}{unit}",
        )
        for (target, what), theirs in zip(limits, others, strict=True)
    ]


def figure(target: Target, what: str, reading: Reading, *, rounds: int = 1) -> Figure:
    """Return a figure that has no limit beside it, in the target's own unit."""
    return Figure(target, what, tuple(reading() for _ in range(rounds)))


def rate(count: int, work: Callable[[], object]) -> float:
    """Do work once and return how many a second that is, by the wall clock."""
    return count / seconds(work)


def seconds(work: Callable[[], object]) -> float:
    """Do work once and return how long it took, by the wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def table(figures: Iterable[Figure]) -> str:
    """Return figures as a Markdown table with aligned columns."""
    lines = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    drawn = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([drawn[0], rule, *drawn[1:]])


def _short(value: float) -> str:
    """Return a number with as many digits as say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
