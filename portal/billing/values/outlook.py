"""The words of a forecast: when credits run out, and at what pace (B-13)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.billing.values.books import Balance, SubscriptionRef


class Outlook(StrEnum):
    """What can be said of the day on which credits run out (B-13)."""

    RUNS_OUT = "runs_out"
    LASTS = "lasts"  # longer than a forecast looks
    ENDS = "ends"  # canceled: what is left then lapses
    EMPTY = "empty"
    IDLE = "idle"  # nothing was used
    TOO_NEW = "too_new"


@dataclass(frozen=True, slots=True)
class Pace:
    """How many credits were used in how many days, since when."""

    used: int
    days: int
    since: date

    @property
    def a_month(self) -> int:
        """Return what this is in thirty days, rounded up."""
        return -(-self.used * 30 // self.days)


@dataclass(frozen=True, slots=True)
class Forecast:
    """When an account's credits run out at its pace, credits that come on each 1st counted in.

    `day` is the day they run out (RUNS_OUT), lapse (ENDS), or before which they do not (LASTS).
    """

    outlook: Outlook
    day: date | None
    pace: Pace | None
    renews_on: date | None
    monthly: int

    @property
    def is_short(self) -> bool:
        """Say whether sending stops before the next credits come."""
        if self.outlook is Outlook.EMPTY:
            return True
        if self.outlook is not Outlook.RUNS_OUT or self.day is None:
            return False
        return self.renews_on is None or self.day < self.renews_on

    @property
    def order(self) -> date:
        """Return the day by which lists sort it: what is used up first, what nobody knows last."""
        return date.min if self.outlook is Outlook.EMPTY else self.day or date.max


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's credits as a list of accounts shows them."""

    balance: Balance
    subscription: SubscriptionRef | None
    forecast: Forecast
