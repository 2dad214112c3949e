"""How many texts in 24 hours a person may get: by the rules of wherever they may be (S-2)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.compliance.rules.frequency import WINDOW, cap, free_at
from portal.compliance.rules.policy import TABLES, DatedEdit, Edit, rulebook

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
MIAMI, CHICAGO, TULSA = "+13055550142", "+13125550142", "+19185550142"
BALTIMORE, PORTLAND = "+14105550142", "+15035550142"
TOLL_FREE, LONDON = "+18005550123", "+447911123456"


@pytest.mark.parametrize(
    ("phone", "state", "name"),
    [
        (MIAMI, None, "Florida"),
        (BALTIMORE, None, "Maryland"),
        (TULSA, None, "Oklahoma"),
        (PORTLAND, None, "Oregon"),
        (CHICAGO, "FL", "Florida"),  # the address counts
        (MIAMI, "IL", "Florida"),  # and so does the area code
        (TOLL_FREE, None, "Strictest of all states"),
        (LONDON, None, "Strictest of all states"),
    ],
)
def test_each_state_with_a_cap_allows_three_and_names_its_law(phone, state, name):
    found = cap(NOW, state=state, phone=phone)
    assert (found.most, found.row.name) == (3, name)
    assert found.sentence.startswith(f"{name} rule: at most 3 texts to one person in 24 hours")
    assert found.row.citation in found.sentence


def test_elsewhere_no_law_caps_texts():
    assert cap(NOW, state=None, phone=CHICAGO) is None


def test_a_cap_of_the_federal_row_holds_everywhere_and_the_tighter_one_wins():
    book = rulebook((DatedEdit("US", date(2026, 3, 1), Edit(max_per_day=4)),))
    assert cap(NOW, state=None, phone=CHICAGO, table=book).row.name == "Federal"
    assert cap(NOW, state=None, phone=CHICAGO, table=book).most == 4
    assert cap(NOW, state=None, phone=MIAMI, table=book).most == 3


def test_an_edit_holds_from_its_day_on():
    book = rulebook((DatedEdit("FL", date(2026, 3, 3), Edit(max_per_day=1)),))
    assert cap(NOW, state=None, phone=MIAMI, table=book).most == 3
    told = cap(NOW + timedelta(days=1), state=None, phone=MIAMI, table=book)
    assert told.sentence.startswith("Florida rule: at most 1 text to one person")


def test_no_table_of_the_law_lacks_a_cap_that_an_earlier_one_had():
    assert {
        code for table in TABLES for code, row in table.rows.items() if row.max_per_day == 3
    } >= {"FL", "MD", "OK", "OR", "STRICTEST"}


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ago", "most", "waits"),
    [
        ((), 3, 0),
        ((1, 2), 3, 0),
        ((1, 2, 3), 3, 21),  # until the oldest is a day old
        ((1, 2, 3, 4), 3, 21),  # four went before the cap was three
        ((24, 2, 3), 3, 0),  # a day old to the second: no longer counted
        ((1,), 1, 23),
        ((5, 6, -1), 3, 0),  # one that goes in an hour stands in nobody's way now
        ((5, 6, 7, -1), 3, 18),  # and counts for whoever goes after it
    ],
)
def test_one_more_goes_once_the_oldest_is_a_day_old(ago, most, waits):
    texted = [NOW - each * HOUR for each in ago]
    assert free_at(NOW, texted, most) == NOW + waits * HOUR


@given(
    st.lists(st.integers(-1440 * 2, 1440 * 2), max_size=12),
    st.integers(1, 4),
)
def test_no_day_ever_holds_more_than_the_cap_counting_back_from_the_new_text(minutes, most):
    texted = [NOW + timedelta(minutes=each) for each in minutes]
    at = free_at(NOW, texted, most)
    assert at >= NOW
    assert sum(at - WINDOW < each <= at for each in texted) < most
    if at > NOW:  # and a moment earlier it would have been too early
        before = at - timedelta(seconds=1)
        assert sum(before - WINDOW < each <= before for each in texted) >= most
