"""Rates, their bands and what a send would make of them (H-3, S-12)."""

from datetime import date

import pytest

from portal.compliance.rules.health import Band, Outcomes, forecast, thresholds_on

DAY = date(2026, 3, 2)
BY = thresholds_on(DAY)


@pytest.mark.parametrize(
    ("delivered", "opted_out", "band"),
    [
        (199, 199, Band.FEW),  # too few texts
        (200, 4, Band.GOOD),  # 2 %, but too few people
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
        (150, 40, Band.FEW),
    ],
)
def test_errors_are_judged_by_the_texts_the_carrier_took(attempted, wrong, band):
    assert Outcomes(attempted, attempted - wrong, wrong).errors(BY) is band


def test_a_forecast_takes_the_rates_of_thirty_days():
    week = Outcomes(1_000, 950, 50, 2)
    month = Outcomes(4_000, 3_600, 400, 36)  # 10 % go wrong, 1 % of the rest opt out
    told = forecast(week, month, 1_000, DAY)
    assert told.is_known
    assert (told.more_wrong, told.more_opted_out) == (100, 9)
    assert told.after == Outcomes(2_000, 1_850, 150, 11)
    assert (told.after.errors(BY), told.after.opt_outs(BY)) == (Band.WATCH, Band.WATCH)


def test_without_a_month_to_go_by_nothing_is_foretold():
    week = Outcomes(10, 10)
    told = forecast(week, Outcomes(199, 199), 5_000, DAY)
    assert (told.is_known, told.after, told.more_wrong) == (False, week, 0)
    assert (week.opt_out_rate, Outcomes().error_rate, Outcomes().opt_out_rate) == (0, 0, 0)
