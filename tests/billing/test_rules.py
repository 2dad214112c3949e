"""Arithmetic of plans, months and lots (B-1 to B-4, B-10, B-11)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing import rules
from portal.billing.rules import OpenLot
from portal.billing.values import EntryKind, PlanRef

CHICAGO = "America/Chicago"
ZONES = st.sampled_from(
    [CHICAGO, "America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico",
     "America/Havana", "America/Anchorage", "Europe/London"]
)  # fmt: skip
MOMENTS = st.datetimes(
    min_value=datetime(2024, 1, 1), max_value=datetime(2034, 1, 1), timezones=st.just(UTC)
)


def at(text, zone=CHICAGO):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("cents", "days", "of", "expected"),
    [
        pytest.param(1600, 30, 30, 1600, id="B-2 bought on the 1st costs the whole price"),
        pytest.param(1600, 15, 30, 800, id="B-2 half a month"),
        pytest.param(1600, 1, 31, 52, id="B-2 last day, 51.6 rounds up"),
        pytest.param(1000, 1, 31, 32, id="B-2 32.26 rounds down"),
        pytest.param(1, 15, 30, 1, id="B-2 half a cent rounds up"),
        pytest.param(1, 14, 30, 0, id="B-2 less than half a cent rounds down"),
        pytest.param(0, 10, 30, 0, id="B-2 free stays free"),
    ],
)
def test_first_month_is_prorated_by_the_days_left(cents, days, of, expected):
    assert rules.prorated(cents, days, of) == expected


@pytest.mark.parametrize("days", [-1, 32])
def test_proration_refuses_days_outside_the_month(days):
    with pytest.raises(ValueError, match="part of a month"):
        rules.prorated(100, days, 31)


@given(st.integers(0, 10**9), st.integers(28, 31), st.data())
def test_proration_never_strays_more_than_half_a_cent(cents, days_in_month, data):
    days = data.draw(st.integers(0, days_in_month))
    price = rules.prorated(cents, days, days_in_month)
    assert 0 <= price <= cents
    assert abs(2 * (price * days_in_month - cents * days)) <= days_in_month


@given(MOMENTS, ZONES)
def test_today_is_a_day_left_and_the_last_day_leaves_one(moment, zone):
    month = rules.month_of(moment, zone)
    left = rules.days_left(month, rules.local_day(moment, zone))
    assert 1 <= left <= month.days
    assert rules.local_day(moment, zone) + timedelta(days=left - 1) == month.last_day


@given(MOMENTS, ZONES)
def test_every_moment_is_in_exactly_one_month(moment, zone):
    month = rules.month_of(moment, zone)
    assert month.starts_at <= moment < month.ends_at
    assert rules.month_of(month.starts_at, zone) == month
    assert rules.month_of(month.ends_at, zone).starts_at == month.ends_at
    assert (
        rules.month_of(month.starts_at - timedelta(microseconds=1), zone).ends_at == month.starts_at
    )


@pytest.mark.parametrize(
    ("moment", "zone", "starts", "ends"),
    [
        pytest.param("2026-03-20 12:00", CHICAGO, "2026-03-01T06:00", "2026-04-01T05:00",
                     id="B-3 March begins in winter time and ends in summer time"),
        pytest.param("2026-11-20 12:00", CHICAGO, "2026-11-01T05:00", "2026-12-01T06:00",
                     id="B-3 November is an hour longer"),
        pytest.param("2026-11-20 12:00", "America/Phoenix", "2026-11-01T07:00", "2026-12-01T07:00",
                     id="B-3 Phoenix keeps its hours"),
    ],
)  # fmt: skip
def test_months_are_cut_in_the_zone(moment, zone, starts, ends):
    month = rules.month_of(at(moment, zone), zone)
    assert month.starts_at.isoformat().startswith(starts)
    assert month.ends_at.isoformat().startswith(ends)


def test_the_same_instant_is_another_month_further_east():
    """PROMISES 3.6: at 04:59:59Z on 1 December it is still November in New York."""
    moment = datetime(2026, 12, 1, 4, 59, 59, tzinfo=UTC)
    assert rules.month_of(moment, "America/New_York").first_day == date(2026, 11, 1)
    assert rules.month_of(moment, "America/Puerto_Rico").first_day == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("granted", "zone", "gone"),
    [
        pytest.param("2026-09-01 00:00", CHICAGO, "2027-09-01 00:00", id="B-4 gone when 31 August ends"),
        pytest.param("2026-09-01 23:59", CHICAGO, "2027-09-01 00:00", id="B-4 late on the day"),
        pytest.param("2028-02-29 12:00", CHICAGO, "2029-03-01 00:00", id="B-4 29 February"),
        pytest.param("2027-02-28 12:00", CHICAGO, "2028-02-28 00:00", id="B-4 28 February"),
        pytest.param("2026-03-08 03:30", CHICAGO, "2027-03-08 00:00", id="B-4 the day clocks change"),
    ],
)  # fmt: skip
def test_credits_expire_when_the_same_date_begins_a_year_later(granted, zone, gone):
    assert rules.lot_expiry(at(granted, zone), zone) == at(gone, zone)


@given(MOMENTS, ZONES)
def test_a_lot_lives_a_year_to_the_day(moment, zone):
    expiry = rules.lot_expiry(moment, zone)
    last_day = rules.local_day(expiry - timedelta(microseconds=1), zone)
    granted = rules.local_day(moment, zone)
    assert 364 <= (last_day - granted).days <= 365
    assert rules.local_day(expiry, zone) == last_day + timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "zone", "first_instant"),
    [
        pytest.param(date(2026, 3, 8), "America/Havana", "2026-03-08T05:00", id="midnight skipped"),
        pytest.param(date(2026, 11, 1), "America/Havana", "2026-11-01T04:00", id="midnight twice"),
        pytest.param(date(2026, 3, 8), CHICAGO, "2026-03-08T06:00", id="an ordinary midnight"),
    ],
)
def test_a_day_starts_at_its_first_instant(day, zone, first_instant):
    start = rules.day_start(day, zone)
    assert start.isoformat().startswith(first_instant)
    assert rules.local_day(start, zone) == day
    assert rules.local_day(start - timedelta(seconds=1), zone) == day - timedelta(days=1)


LOTS = st.lists(
    st.builds(
        OpenLot,
        id=st.uuids(),
        remaining=st.integers(0, 20),
        expires_at=MOMENTS,
        position=st.integers(1, 1000),
    ),
    max_size=8,
    unique_by=lambda lot: lot.id,
)


@given(LOTS, st.data())
def test_lots_are_used_oldest_first_and_to_the_last_credit(lots, data):
    """B-4: nothing is taken from a lot while an older one has credits left."""
    held = sum(lot.remaining for lot in lots)
    amounts = []
    while (rest := held - sum(amounts)) and len(amounts) < 10:
        amounts.append(data.draw(st.integers(1, rest)))
    taken = list(rules.allocate(lots, amounts))
    assert [sum(take.credits for take in takes) for takes in taken] == amounts

    total = sum(amounts)
    flat = [take for takes in taken for take in takes]
    assert all(take.credits > 0 for take in flat)
    for lot in rules.oldest_first(lots):
        used = sum(take.credits for take in flat if take.lot_id == lot.id)
        assert used == min(lot.remaining, total)
        total -= used


def test_allocating_more_than_there_is_is_a_bug():
    with pytest.raises(ValueError, match="fewer credits"):
        list(rules.allocate([OpenLot(uuid4(), 3, datetime.now(UTC), 1)], [2, 2]))


@given(LOTS, st.integers(0, 300))
def test_inbound_takes_what_there_is_and_says_what_was_missing(lots, amount):
    """B-10."""
    takes, missing = rules.allocate_up_to(lots, amount)
    assert sum(take.credits for take in takes) + missing == amount
    assert missing == max(0, amount - sum(lot.remaining for lot in lots))


@pytest.mark.parametrize(
    ("available", "incoming", "paid"), [(10, 5, 0), (0, 5, 0), (-3, 5, 3), (-8, 5, 5)]
)
def test_new_credits_pay_the_deficit_first(available, incoming, paid):
    """B-10."""
    assert rules.settled_by_deficit(available, incoming) == paid


def plan(name, count, cents, is_offered=True):
    return PlanRef(uuid4(), name, count, cents, is_offered)


CATALOGUE = [
    plan("Team", 2500, 6500),
    plan("Starter", 250, 900),
    plan("Agent", 500, 1600),
    plan("Old", 600, 100, is_offered=False),
]


@pytest.mark.parametrize(
    ("texts", "name", "is_enough"),
    [(0, "Starter", True), (250, "Starter", True), (251, "Agent", True), (501, "Team", True),
     (2500, "Team", True), (2501, "Team", False)],
)  # fmt: skip
def test_the_cheapest_plan_that_covers_the_texts_is_suggested(texts, name, is_enough):
    """B-1: a plan that is not on offer is never suggested."""
    found = rules.suggest(CATALOGUE, texts)
    assert (found.plan.name, found.is_enough) == (name, is_enough)


def test_an_empty_catalogue_suggests_nothing():
    assert rules.suggest([], 100) is None


@pytest.mark.parametrize(
    ("used", "left", "expected"),
    [(0, 0, None), (0, 100, None), (79, 21, None), (80, 20, 80), (84, 16, 80), (85, 15, 85),
     (90, 10, 90), (95, 5, 95), (99, 1, 95), (100, 0, 100), (5, -5, 100)],
)  # fmt: skip
def test_thresholds_are_shares_of_used_and_left(used, left, expected):
    """B-11."""
    assert rules.highest_threshold(used, left) == expected


def test_the_quote_charges_a_part_and_grants_the_whole():
    """B-2: bought on 16 November, 15 of 30 days are left."""
    quote = rules.quote(plan("Agent", 500, 1600), 20, at("2026-11-16 09:00"), CHICAGO)
    assert quote.price_today_cents == 800
    assert (quote.days_left, quote.days_in_month) == (15, 30)
    assert (quote.balance_before, quote.balance_after) == (20, 520)
    assert quote.next_charge_on == date(2026, 12, 1)
    assert quote.next_charge_at == at("2026-12-01 00:00")
    assert quote.expires_at == at("2027-11-16 00:00")


@pytest.mark.parametrize("kind", [k for k in EntryKind if k is not EntryKind.LATE_CAPTURE])
def test_every_kind_of_line_has_words_and_an_effect(kind):
    assert rules.describe(kind, None, None)[0]
    assert kind in rules.EFFECTS


def test_a_line_says_what_it_was_for():
    message_id = uuid4()
    short = str(message_id)[:8]
    assert rules.describe(EntryKind.RELEASE, "opted_out", message_id) == (
        "Given back",
        f"The person opted out first, text {short}",
    )
    assert (
        rules.describe(EntryKind.GRANT, "Agent, November 2026", None)[1] == "Agent, November 2026"
    )
    assert "had expired" in rules.describe(EntryKind.EXPIRE, None, message_id)[1]
