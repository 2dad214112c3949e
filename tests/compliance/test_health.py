"""Rates, their bands and what a send would make of them (H-3, S-12)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.compliance.rules.health import (
    Band,
    Outcomes,
    Window,
    forecast,
    hour_of,
    thresholds_on,
)

DAY = date(2026, 3, 2)
BY = thresholds_on(DAY)


@pytest.mark.parametrize(
    ("delivered", "opted_out", "band"),
    [
        (199, 199, Band.FEW),  # too few texts
        (200, 4, Band.FEW),  # 2 %, but too few people to say so
        (10_000, 4, Band.GOOD),
        (200, 5, Band.WATCH),  # 2.5 %
        (200, 6, Band.BREACH),  # 3 %
        (10_000, 30, Band.GOOD),  # 0.3 % to the text
        (10_000, 31, Band.WATCH),
        (10_000, 300, Band.BREACH),
    ],
)
def test_opt_outs_are_judged_by_the_texts_delivered(delivered, opted_out, band):
    assert Outcomes(delivered, delivered, 0, opted_out).opt_outs(BY) is band


@pytest.mark.parametrize(
    ("attempted", "wrong", "band"),
    [
        (1_000, 60, Band.GOOD),  # 6 % to the text
        (1_000, 61, Band.WATCH),
        (1_000, 120, Band.BREACH),
        (210, 4, Band.GOOD),
        (199, 40, Band.FEW),
        (200, 4, Band.GOOD),
        (1_000, 900, Band.BREACH),  # 100 delivered: hardly anything arrives
    ],
)
def test_errors_are_judged_by_the_texts_the_carrier_took(attempted, wrong, band):
    assert Outcomes(attempted, attempted - wrong, wrong).errors(BY) is band


@pytest.mark.parametrize(
    ("outcomes", "changed", "pauses"),
    [
        (Outcomes(200, 200, 0, 6), {}, True),  # exactly 3 % of exactly enough
        (Outcomes(199, 199, 0, 199), {}, False),
        (Outcomes(200, 200, 0, 5), {}, False),  # 2.5 %: watched
        (Outcomes(200, 200, 0, 4), {"opt_out_breach": 150}, False),  # 2 %, but four people
        (Outcomes(200, 200, 0, 5), {"opt_out_breach": 150}, True),
        (Outcomes(1_000, 880, 120), {}, True),  # exactly 12 %
        (Outcomes(1_000, 881, 119), {}, False),
        (Outcomes(5, 5, 0, 1), {}, False),  # H-7: one STOP out of five texts
        (Outcomes(10_000, 5_000, 5_000, 5_000), {"pauses": False}, False),
        (Outcomes(999, 999, 0, 500), {"pause_least": 1_000}, False),
        (Outcomes(1_000, 1_000, 0, 500), {"pause_least": 1_000}, True),
        (Outcomes(299, 299, 0, 50), {"pause_least": 50, "least_delivered": 300}, False),
    ],
)
def test_a_breach_pauses_from_enough_texts_on(outcomes, changed, pauses):
    """H-4, H-7: never below what is enough to judge, whatever the policy says."""
    assert outcomes.pauses(replace(BY, **changed)) is pauses


@given(st.integers(0, 2_000), st.integers(0, 2_000), st.integers(0, 2_000), st.integers(0, 3_000))
def test_no_healthy_account_is_paused(delivered, wrong, opted_out, pause_least):
    """H-4: what pauses is a breach of at least 200 texts with at least five events."""
    week = Outcomes(delivered + wrong, delivered, wrong, opted_out)
    if week.pauses(replace(BY, pause_least=pause_least)):
        assert week.worst(BY) is Band.BREACH
        assert delivered + wrong >= max(200, pause_least)
        assert max(wrong, opted_out) >= 5
        assert week.opt_out_rate >= 0.03 or week.error_rate >= 0.12


def test_a_forecast_takes_the_rates_of_thirty_days():
    week = Outcomes(1_000, 950, 50, 2)
    month = Outcomes(4_000, 3_600, 400, 36)  # 10 % go wrong, 1 % of the rest opt out
    told = forecast(week, month, 1_000, BY)
    assert told.is_known
    assert (told.more_wrong, told.more_opted_out) == (100, 9)
    assert told.after == Outcomes(2_000, 1_850, 150, 11)
    assert (told.after.errors(BY), told.after.opt_outs(BY)) == (Band.WATCH, Band.WATCH)


def test_without_a_month_to_go_by_nothing_is_foretold():
    week = Outcomes(10, 10)
    told = forecast(week, Outcomes(199, 199), 5_000, BY)
    assert (told.is_known, told.after, told.more_wrong) == (False, week, 0)
    assert (week.opt_out_rate, Outcomes().error_rate, Outcomes().opt_out_rate) == (0, 0, 0)


COUNTS = st.integers(0, 20_000)
ORDER = [Band.GOOD, Band.FEW, Band.WATCH, Band.BREACH]


@given(delivered=COUNTS, wrong=COUNTS, opted_out=COUNTS)
def test_more_trouble_over_the_same_texts_is_never_judged_better(delivered, wrong, opted_out):
    """H-3: and below 200 texts nothing is judged, below five events nothing worse than good."""
    told = Outcomes(delivered + wrong, delivered, wrong, opted_out)
    worse = Outcomes(delivered + wrong, delivered, wrong, opted_out + 1)
    if delivered >= 200:
        assert ORDER.index(worse.opt_outs(BY)) >= ORDER.index(told.opt_outs(BY))
        assert opted_out >= 5 or told.opt_outs(BY) in (Band.GOOD, Band.FEW)
    else:
        assert told.opt_outs(BY) is Band.FEW
    assert (told.errors(BY) is Band.FEW) >= (delivered + wrong < 200)
    assert wrong >= 5 or told.errors(BY) in (Band.GOOD, Band.FEW)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    window=st.sampled_from(Window),
)
def test_a_window_rolls_on_with_whole_hours_and_never_leaves_anything_out(now, window):
    now = now.replace(tzinfo=UTC)
    since = window.since(now, BY)
    assert since == hour_of(since) <= now - window.length(BY)
    assert now - since < window.length(BY) + timedelta(hours=1)


@given(some=st.lists(st.builds(Outcomes, COUNTS, COUNTS, COUNTS, COUNTS)))
def test_outcomes_of_parts_come_to_those_of_the_whole(some):
    whole = sum(some, Outcomes())
    assert whole.attempted == sum(each.attempted for each in some)
    assert whole.opted_out == sum(each.opted_out for each in some)
