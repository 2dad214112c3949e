"""How well texts of an account arrive and are taken: rates, their bands, a forecast (H-3, S-12)."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final


class Band(StrEnum):
    """How a rate is judged."""

    FEW = "few"  # too few texts to judge
    GOOD = "good"
    WATCH = "watch"
    BREACH = "breach"

    @property
    def words(self) -> str:
        """Return how pages and files call it."""
        return "Too few to judge" if self is Band.FEW else self.value.capitalize()

    @property
    def gravity(self) -> int:
        """Return how much it wants a look."""
        return (Band.GOOD, Band.FEW, Band.WATCH, Band.BREACH).index(self)

    @property
    def is_bad(self) -> bool:
        """Say whether somebody has to look."""
        return self in (Band.WATCH, Band.BREACH)


class Window(StrEnum):
    """Over how long rates are told, by its usual length (H-3); how long it is, thresholds say (H-7)."""

    DAY = "24h"
    WEEK = "7d"  # the one by which accounts are judged
    MONTH = "30d"

    def length(self, by: "Thresholds") -> timedelta:
        """Return how long it is."""
        if self is Window.DAY:
            return timedelta(hours=by.short_hours)
        return timedelta(days=by.judged_days if self is Window.WEEK else by.long_days)

    def words(self, by: "Thresholds") -> str:
        """Return it as people say it: 24 hours, 7 days."""
        if self is Window.DAY:
            return f"{by.short_hours} hours"
        return f"{self.length(by).days} days"

    def since(self, now: datetime, by: "Thresholds") -> datetime:
        """Return from when on it counts: hours are whole, so its first one is, too."""
        return hour_of(now - self.length(by))


def hour_of(at: datetime) -> datetime:
    """Return the hour a time lies in, by its first instant."""
    return at.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which rates on is watched or breached, in ten-thousandths, and what is too few (H-7)."""

    holds_from: date
    opt_out_watch: int
    opt_out_breach: int
    error_watch: int
    error_breach: int
    least_delivered: int
    least_events: int
    pause_least: int = 200  # texts that are enough to pause an account for (H-4)
    pauses: bool = True  # whether a breach pauses bulk and plan texts
    short_hours: int = 24  # the windows over which rates are told
    judged_days: int = 7  # by which an account is judged
    long_days: int = 30


# SPEC H-3: good up to 0.3 % and 6 %, breach from 3 % and 12 % on, from 200 delivered and 5 events.
TABLES: Final = (Thresholds(date(2026, 1, 1), 30, 300, 600, 1200, 200, 5),)


def thresholds_on(day: date, own: Sequence[Thresholds] = ()) -> Thresholds:
    """Return the thresholds that hold on a day; the first hold for all that was before them.

    `own` are those an organization set, in the order it did: the newest that holds by then
    stands in the table's place.
    """
    mine = [each for each in own if each.holds_from <= day]
    if mine:
        return max(reversed(mine), key=lambda each: each.holds_from)  # of one day the last set
    return TABLES[max(bisect_right([each.holds_from for each in TABLES], day) - 1, 0)]


# How far an organization may go: rates in ten-thousandths, then texts and events (H-7). Carriers
# suspend from 3 % opt-outs on, so nothing far above that can be called anything but a breach.
LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "opt_out_watch": (5, 100),
    "opt_out_breach": (50, 500),
    "error_watch": (100, 1_000),
    "error_breach": (200, 2_000),
    "least_delivered": (50, 1_000),
    "least_events": (3, 20),
    "pause_least": (50, 5_000),
    # Each window is longer than the one before; of fewer than 3 days no week has enough texts.
    "short_hours": (6, 48),
    "judged_days": (3, 14),
    "long_days": (15, 90),
}
RATES: Final = ("opt_out_watch", "opt_out_breach", "error_watch", "error_breach")


def fault(wanted: Thresholds) -> tuple[str, str] | None:
    """Return what an organization may not set, as the field and how to mend it."""
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(wanted, name) <= most:
            bounds = (
                f"{least / 100:.2f} to {most / 100:.2f} %"
                if name in RATES
                else f"{least} to {most:,}"
            )
            return name, f"Enter {bounds}."
    for rate in ("opt_out", "error"):
        if getattr(wanted, f"{rate}_breach") <= getattr(wanted, f"{rate}_watch"):
            return f"{rate}_breach", "Let a breach begin above where watch begins."
    return None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of an account's texts in some days."""

    attempted: int = 0
    delivered: int = 0
    wrong: int = 0  # failed or undelivered
    opted_out: int = 0  # people

    @property
    def opt_out_rate(self) -> float:
        """People who opted out for each text delivered."""
        return self.opted_out / self.delivered if self.delivered else 0.0

    @property
    def error_rate(self) -> float:
        """Texts that failed or were not delivered for each one the carrier took."""
        return self.wrong / self.attempted if self.attempted else 0.0

    def worst(self, by: Thresholds) -> Band:
        """Judge opt-outs and errors together: the graver of the two."""
        return max(self.opt_outs(by), self.errors(by), key=lambda band: band.gravity)

    def pauses(self, by: Thresholds) -> bool:
        """Say whether this is bad enough, over enough texts, to pause bulk and plan texts (H-4)."""
        enough = max(by.least_delivered, by.pause_least)
        return by.pauses and self.worst(replace(by, least_delivered=enough)) is Band.BREACH

    def told(self, by: Thresholds) -> str:
        """Return what is wrong in words, with its figures; of what is good only the figures."""
        opt_outs = (
            f"{self.opt_out_rate * 100:.2f} % of {self.delivered:,} texts delivered opted out"
        )
        errors = f"{self.error_rate * 100:.2f} % of {self.attempted:,} sent went wrong"
        bad = [
            words
            for words, band in ((opt_outs, self.opt_outs(by)), (errors, self.errors(by)))
            if band.is_bad
        ]
        return " and ".join(bad or (opt_outs, errors))

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(
            self.attempted + other.attempted,
            self.delivered + other.delivered,
            self.wrong + other.wrong,
            self.opted_out + other.opted_out,
        )

    def is_enough(self, by: Thresholds) -> bool:
        """Say whether there were enough texts for a rate to mean anything."""
        return self.delivered >= by.least_delivered

    def opt_outs(self, by: Thresholds) -> Band:
        """Judge the opt-outs."""
        if not self.is_enough(by):
            return Band.FEW
        return _band(self.opted_out, self.delivered, by.opt_out_watch, by.opt_out_breach, by)

    def errors(self, by: Thresholds) -> Band:
        """Judge the errors.

        What is enough is counted over all texts with an end: where nearly nothing arrives, few
        texts delivered are the trouble, and no reason not to see it.
        """
        if self.delivered + self.wrong < by.least_delivered:
            return Band.FEW
        return _band(self.wrong, self.attempted, by.error_watch, by.error_breach, by)


def _band(events: int, of: int, watch: int, breach: int, by: Thresholds) -> Band:
    """Judge a rate: good up to `watch`, a breach from `breach` on, in ten-thousandths.

    Above what is good, few events judge nobody: one STOP of very few texts is no trouble yet.
    """
    if events * 10_000 <= watch * of:
        return Band.GOOD
    if events < by.least_events:
        return Band.FEW
    return Band.BREACH if events * 10_000 >= breach * of else Band.WATCH


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a send would do to an account's week, if it goes as its last 30 days did (S-12)."""

    week: Outcomes
    after: Outcomes
    by: Thresholds
    is_known: bool  # whether the 30 days say anything

    @property
    def more_opted_out(self) -> int:
        """People who would opt out."""
        return self.after.opted_out - self.week.opted_out

    @property
    def more_wrong(self) -> int:
        """Texts that would not arrive."""
        return self.after.wrong - self.week.wrong


def forecast(week: Outcomes, month: Outcomes, texts: int, by: Thresholds) -> Forecast:
    """Return what so many texts more would make of a week, at the rates of the last 30 days."""
    if not month.is_enough(by):
        return Forecast(week, week, by, is_known=False)
    wrong = round(texts * month.error_rate)
    delivered = texts - wrong
    after = Outcomes(
        week.attempted + texts,
        week.delivered + delivered,
        week.wrong + wrong,
        week.opted_out + round(delivered * month.opt_out_rate),
    )
    return Forecast(week, after, by, is_known=True)
