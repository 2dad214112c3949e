"""The day an account's credits run out at its pace (B-13): whole numbers and days, no clock.

The pace is plain: use since the first of last month, divided by the days since. Once two weeks of
this month have passed, this month's own pace counts where it is faster. Every doubt is settled
towards the earlier day: today is used whole, parts of a credit are rounded up.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from portal.billing.values import Forecast, Outlook, Pace

FEWEST_DAYS = 7  # of use, before anything is said
DAYS_OF_A_MONTH = 14  # before a month's own pace counts
RENEWALS_AHEAD = 12  # how far a forecast looks
_A_YEAR = timedelta(days=365)  # the 1st in a year, or a day before: the earlier one
_FURTHEST = 10_000  # days: beyond every lot and renewal a forecast looks at


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is to use and what comes.

    `lots` are (first day on which they are gone, credits). `renews_on` is the next 1st of a
    running subscription, `monthly` what it brings then; canceled, it takes all on that day (B-7).
    """

    available: int
    lots: tuple[tuple[date, int], ...]
    renews_on: date | None = None
    monthly: int = 0
    is_canceling: bool = False


def pace(used_before: int, used_now: int, began_on: date, today: date) -> Pace | None:
    """Return the pace from what was used last month and this month; None while it is too early.

    `began_on` is the day of the account's first credits.
    """
    month = today.replace(day=1)
    since = max(began_on, (month - timedelta(days=1)).replace(day=1))
    days = (today - since).days
    if days < FEWEST_DAYS:
        return None
    long = Pace(used_before + used_now, days, since)
    of_month = (today - month).days
    if since >= month or of_month < DAYS_OF_A_MONTH:
        return long
    short = Pace(used_now, of_month, month)
    return short if short.used * long.days > long.used * short.days else long


def forecast(stock: Stock, known: Pace | None, today: date) -> Forecast:
    """Return what can be promised of the credits: a day they run out, or one before they don't.

    Credits that come on each 1st and lots that expire are counted in (B-3, B-4).
    """
    outlook, day = _at_rest(stock, known)
    if outlook is None and known is not None:
        outlook, day = _run(stock, known, today)
    assert outlook is not None  # without a pace there is nothing to run
    coming = None if stock.is_canceling else stock.renews_on
    return Forecast(outlook, day, known, coming, stock.monthly if coming else 0)


def _at_rest(stock: Stock, known: Pace | None) -> tuple[Outlook | None, date | None]:
    """Return what is known without counting days, or nothing."""
    if stock.available <= 0:
        return Outlook.EMPTY, None
    if known is not None and known.used > 0:
        return None, None
    if stock.is_canceling:
        return Outlook.ENDS, stock.renews_on
    return (Outlook.TOO_NEW if known is None else Outlook.IDLE), None


def _run(stock: Stock, known: Pace, today: date) -> tuple[Outlook, date]:
    """Use the credits up, from one day on which some come or expire to the next."""
    firsts = set(_firsts(stock))
    lots, used, at = sorted(stock.lots), 0, today
    for turn in _turns(stock):
        last = _last(sum(count for _, count in lots) + used, known, today, at)
        if last < turn:
            return Outlook.RUNS_OUT, last
        need = _needed(known, (turn - today).days)
        lots = [(gone, count) for gone, count in _without(lots, need - used) if gone > turn]
        used, at = need, turn
        if turn in firsts:
            if stock.is_canceling:
                return Outlook.ENDS, turn
            lots.append((turn + _A_YEAR, stock.monthly))
        if not lots:
            return Outlook.RUNS_OUT, turn
    return Outlook.LASTS, at


def _turns(stock: Stock) -> list[date]:
    """Return the days on which credits come or expire, in order, up to where a forecast looks."""
    firsts = _firsts(stock)
    days = {gone for gone, _ in stock.lots} | set(firsts)
    return sorted(day for day in days if not firsts or day <= firsts[-1])


def _firsts(stock: Stock) -> list[date]:
    """Return the days on which the subscription renews, or ends, as far as a forecast looks."""
    firsts: list[date] = []
    day = stock.renews_on
    while day and len(firsts) < (1 if stock.is_canceling else RENEWALS_AHEAD + 1):
        firsts.append(day)
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return firsts


def _needed(known: Pace, days: int) -> int:
    """Return what this pace uses in so many days, parts of a credit rounded up."""
    return -(-known.used * days // known.days)


def _last(covered: int, known: Pace, today: date, at: date) -> date:
    """Return the first day from `at` on that begins with nothing or needs more than there is.

    `covered` is how much of what is used from today on there are credits for.
    """
    uncovered = covered * known.days // known.used
    after_the_last = (covered - 1) * known.days // known.used + 1
    days = min(uncovered, after_the_last, _FURTHEST)
    return max(at, today + timedelta(days=days))


def _without(lots: list[tuple[date, int]], need: int) -> list[tuple[date, int]]:
    """Return what is left of lots in the order of their expiry once the need is taken (B-4)."""
    left = []
    for gone, count in lots:
        part = min(count, need)
        need -= part
        if count > part:
            left.append((gone, count - part))
    return left
