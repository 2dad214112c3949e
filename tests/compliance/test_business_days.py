"""Ten business days to honor a revocation, federal holidays left out (Q-7; 47 CFR 64.1200(a)(10))."""

from datetime import date

import pytest

from portal.compliance.rules.business_days import due_on, is_business_day, left


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 16)),  # a Monday
        (date(2026, 3, 6), date(2026, 3, 20)),  # a Friday
        (date(2026, 3, 7), date(2026, 3, 20)),  # a Saturday
        (date(2026, 5, 20), date(2026, 6, 4)),  # Memorial Day, 25 May
        (date(2026, 6, 29), date(2026, 7, 14)),  # the 4th is a Saturday, kept on the 3rd
        (date(2026, 11, 16), date(2026, 12, 1)),  # Thanksgiving, 26 November
        (date(2026, 12, 21), date(2027, 1, 6)),  # Christmas Day and New Year's Day
    ],
)
def test_the_tenth_business_day_after_it_was_received(received, due):
    assert due_on(received) == due
    assert is_business_day(due)
    assert left(received, due) == 10


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 3, 15), 1),
        (date(2026, 3, 16), 0),
        (date(2026, 3, 17), -1),
        (date(2026, 3, 21), -4),
    ],
)
def test_what_is_left_and_how_late_it_is(today, days):
    assert left(today, date(2026, 3, 16)) == days
