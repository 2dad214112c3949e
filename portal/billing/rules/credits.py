"""Arithmetic of plans, months and lots: integers in, integers out (SPEC 2).

Rounding: a part of a month's price is price x days left / days in the month, cents
rounded half up; today counts as a day left, so a purchase on the 1st costs it all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from portal.billing.rules.months import Month, day_start, days_left, local_day, month_of, period
from portal.billing.values import (
    Balance,
    Change,
    ChangeQuote,
    EntryKind,
    PlanRef,
    Quote,
    Suggestion,
)

THRESHOLDS = (80, 85, 90, 95, 100)  # B-11, in percent of the month's credits


@dataclass(frozen=True, slots=True)
class Effect:
    """What one credit of a line does to the three counters."""

    available: int
    reserved: int
    spent: int


EFFECTS = {
    EntryKind.GRANT: Effect(1, 0, 0),
    EntryKind.RESERVE: Effect(-1, 1, 0),
    EntryKind.CAPTURE: Effect(0, -1, 1),
    EntryKind.RELEASE: Effect(1, -1, 0),
    EntryKind.EXPIRE: Effect(-1, 0, 0),
    EntryKind.INBOUND: Effect(-1, 0, 1),
    EntryKind.REFUND: Effect(1, 0, -1),
    EntryKind.ADJUST: Effect(1, 0, 0),  # an adjustment itself may be below zero
}


LABELS = {  # what each kind of line is called on a statement, and what it stands for
    EntryKind.GRANT: ("Granted", "Credits added"),
    EntryKind.RESERVE: ("Reserved", "Set aside for a text"),
    EntryKind.CAPTURE: ("Charged", "Accepted by the carrier"),
    EntryKind.RELEASE: ("Given back", "Not sent"),
    EntryKind.EXPIRE: ("Expired", "One year old"),
    EntryKind.INBOUND: ("Text received", "Charged on arrival"),
    EntryKind.REFUND: ("Refunded", "Failed before the carrier"),
    EntryKind.ADJUST: ("Adjusted", "Correction"),
}
RELEASE_REASONS = {  # codes callers may give; anything else is shown as it is
    "blocked": "Blocked",
    "canceled": "Canceled",
    "expired": "Too late to go",
    "opted_out": "The person opted out first",
    "rejected": "Refused by the carrier",
    "unconfirmed": "Never confirmed by the carrier",
}


@dataclass(frozen=True, slots=True)
class LowCredits:
    """What a page says where credits run low, with the way out: a page, or whom to ask."""

    level: str  # warn or bad
    title: str
    text: str
    url: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot with credits left to use."""

    id: UUID
    remaining: int
    expires_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Take:
    """Credits taken from one lot."""

    lot_id: UUID
    credits: int


def lot_expiry(granted_at: datetime, zone: str) -> datetime:
    """Return when credits granted at this moment are gone (B-4).

    Granted on 1 September they go at the end of 31 August: the instant at which the same
    date begins a year later. What was granted on 29 February goes at the end of the 28th.
    It stays that instant where the organization moves to another zone: it was named to people.
    """
    day = local_day(granted_at, zone)
    if (day.month, day.day) == (2, 29):
        return day_start(date(day.year + 1, 3, 1), zone)
    return day_start(day.replace(year=day.year + 1), zone)


def last_day(expires_at: datetime, zone: str) -> date:
    """Return the day with whose end, or in whose course, credits are gone that expire then (B-4)."""
    return local_day(expires_at - timedelta(microseconds=1), zone)


def last_days(expiries: Sequence[datetime], zone: str) -> tuple[date, date] | None:
    """Return the first and the last of the days with which these credits are gone."""
    if not expiries:
        return None
    return last_day(min(expiries), zone), last_day(max(expiries), zone)


def expiry_words(balance: Balance) -> str:
    """Return when the credits go that expire this month: with one day, or from one on (B-4)."""
    if balance.expiring_on is None:
        return "credits stay for a year"
    first, last = (f"{day.day} {day:%b}" for day in balance.expiring_on)
    return f"after {first}" if first == last else f"between {first} and {last}"


def prorated(cents: int, days: int, days_in_month: int) -> int:
    """Return the price of a part of the month, cents rounded half up (B-2)."""
    if not 0 <= days <= days_in_month:
        raise ValueError("a part of a month has between no days and all of them")
    return (2 * cents * days + days_in_month) // (2 * days_in_month)


def chargeable(cents: int, least: int) -> int:
    """Return what is charged: nothing where a card provider takes no sum so small (B-12)."""
    return cents if cents >= least else 0


def quote(plan: PlanRef, available: int, now: datetime, zone: str, least: int = 0) -> Quote:
    """Return the arithmetic of buying plan now: price by days left, credits whole (B-2)."""
    month, today = month_of(now, zone), local_day(now, zone)
    days, expires_at = days_left(month, today), lot_expiry(now, zone)
    return Quote(
        plan=plan,
        price_today_cents=chargeable(prorated(plan.price_cents, days, month.days), least),
        today=today,
        month_starts_on=month.first_day,
        month_ends_on=month.last_day,
        days_left=days,
        days_in_month=month.days,
        balance_before=available,
        balance_after=available + plan.credits_per_month,
        expires_at=expires_at,
        usable_until=last_day(expires_at, zone),
        next_charge_at=month.ends_at,
        next_charge_on=month.last_day + timedelta(days=1),
    )


def direction(before: PlanRef, after: PlanRef) -> Change:
    """Return which way a plan change goes: by credits a month, by price where those are equal."""
    size = (before.credits_per_month, before.price_cents)
    is_smaller = (after.credits_per_month, after.price_cents) < size
    return Change.DOWNGRADE if is_smaller else Change.UPGRADE


def change_quote(
    before: PlanRef,
    after: PlanRef,
    *,
    granted: int,
    unused: int,
    available: int,
    month: Month,
    today: date,
    least: int = 0,
) -> ChangeQuote:
    """Return the arithmetic of a plan change today (B-5, B-6).

    `month` is the one that is paid, up to the next charge. `granted` is what the subscription
    brought in it, less what an earlier change took off; `unused` is what is left of its lots. An upgrade charges the difference of the prices
    by days left, today included, and adds what the new plan brings beyond `granted`. A downgrade
    charges nothing and takes the difference of the plans off what is unused.
    """
    days = days_left(month, today)
    change = direction(before, after)
    between = abs(after.credits_per_month - before.credits_per_month)
    if change is Change.UPGRADE:
        dearer = max(0, after.price_cents - before.price_cents)
        charge = chargeable(prorated(dearer, days, month.days), least)
        moved = max(0, after.credits_per_month - granted)
    else:
        charge, moved = 0, -min(between, max(0, unused))
    return ChangeQuote(
        change=change,
        before=before,
        after=after,
        charge_cents=charge,
        credits=moved,
        credits_between=between,
        granted_this_month=granted,
        month=month.first_day,
        today=today,
        days_left=days,
        days_in_month=month.days,
        balance_before=available,
        next_charge_at=month.ends_at,
        next_charge_on=month.last_day + timedelta(days=1),
    )


def address_lines(address: str, *further: tuple[str, str]) -> str:
    """Return an address as an invoice bears it, with what else is known, a line each."""
    lines = [line.strip() for line in address.splitlines() if line.strip()]
    return "\n".join([*lines, *(f"{label}{value}" for label, value in further if value)])


def grant_reference(subscription_id: UUID, month: date) -> str:
    """Return what names a subscription's credits of one month: there is one grant of it (I11).

    What a plan change adds or takes off within the month bears this and the change's own name.
    """
    return f"subscription:{subscription_id}:{period(month)}"


def change_reference(subscription_id: UUID, month: date, change_id: UUID) -> str:
    """Return what names the credits that a plan change added or took off."""
    return f"{grant_reference(subscription_id, month)}:change:{change_id}"


def oldest_first(lots: Sequence[OpenLot]) -> list[OpenLot]:
    """Return lots in the order in which they are used: what expires first goes first (B-4)."""
    return sorted(lots, key=lambda lot: (lot.expires_at, lot.position))


def allocate(lots: Sequence[OpenLot], amounts: Iterable[int]) -> Iterator[list[Take]]:
    """Give, for each amount in turn, which lots it is taken from, oldest first.

    Raises ValueError when the lots hold less than the sum: the caller has checked that.
    """
    queue = [lot for lot in oldest_first(lots) if lot.remaining > 0]
    at, left = 0, queue[0].remaining if queue else 0
    for amount in amounts:
        need, takes = amount, []
        while need > 0:
            if at == len(queue):
                raise ValueError("the lots hold fewer credits than are taken")
            part = min(need, left)
            takes.append(Take(queue[at].id, part))
            need, left = need - part, left - part
            if left == 0:
                at += 1
                left = queue[at].remaining if at < len(queue) else 0
        yield takes


def allocate_up_to(lots: Sequence[OpenLot], amount: int) -> tuple[list[Take], int]:
    """Take as much of amount as there is, oldest first, and return what was missing (B-10)."""
    held = sum(lot.remaining for lot in lots)
    return next(allocate(lots, [min(amount, held)])), max(0, amount - held)


def settled_by_deficit(available: int, incoming: int) -> int:
    """Return how many of the incoming credits pay for inbound texts that came without any."""
    return min(incoming, max(0, -available))


def describe(kind: EntryKind, note: str | None, message_id: UUID | None) -> tuple[str, str]:
    """Return a line's name and what it was for, in words."""
    label, what = LABELS[kind]
    if note:
        what = RELEASE_REASONS.get(note, note)
    elif kind is EntryKind.EXPIRE and message_id:
        what = "Given back after the credits had expired"
    return label, f"{what}, text {str(message_id)[:8]}" if message_id else what


def suggest(plans: Sequence[PlanRef], texts_a_month: int) -> Suggestion | None:
    """Return the cheapest offered plan that covers so many texts, else the biggest (B-1)."""
    offered = [plan for plan in plans if plan.is_offered]
    if not offered:
        return None
    enough = [plan for plan in offered if plan.credits_per_month >= texts_a_month]
    if enough:
        best = min(enough, key=lambda plan: (plan.price_cents, -plan.credits_per_month, plan.name))
        return Suggestion(best, texts_a_month, is_enough=True)
    biggest = max(offered, key=lambda plan: (plan.credits_per_month, -plan.price_cents))
    return Suggestion(biggest, texts_a_month, is_enough=False)


def passes_threshold(used: tuple[int, int], left: tuple[int, int]) -> bool:
    """Say whether usage rose to a higher threshold; each pair is before and after."""
    before, after = (highest_threshold(*at) for at in zip(used, left, strict=True))
    return after is not None and after > (before or 0)


def alert_words(threshold: int, used: int, left: int) -> tuple[str, str]:
    """Return what an alert of this threshold is called and says (B-11)."""
    if threshold == THRESHOLDS[-1]:
        title = "all of this month's credits are used"
        text = (
            f"{used:,} credits are used and none is left. Texts still come in; sending waits for "
            "more credits. A bigger plan brings them at once."
        )
    else:
        title = f"{threshold} % of this month's credits are used"
        text = (
            f"{used:,} of {used + left:,} credits are used or set aside for texts on their way; "
            f"{left:,} are left. A bigger plan brings more at once."
        )
    return title, text


def low_words(balance: Balance) -> tuple[str, str, str]:
    """Return level, title and text of what a page says of credits that run low."""
    if balance.available <= 0:
        return (
            "bad",
            "The credits are used up.",
            "Texts still come in; sending waits for more credits.",
        )
    used = balance.used_this_month
    return (
        "warn",
        "Credits run low.",
        f"{used:,} of {used + balance.monthly_left:,} are used, {balance.monthly_left:,} are left.",
    )


def highest_threshold(used: int, left: int) -> int | None:
    """Return the highest usage threshold that is reached, if any (B-11)."""
    whole = used + max(0, left)
    if whole <= 0:
        return None
    return max((t for t in THRESHOLDS if used * 100 >= t * whole), default=None)
