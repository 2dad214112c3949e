"""The table of hours is data with its sources, dated, and can only be tightened (RULINGS 4)."""

import csv
from datetime import date, datetime, timedelta
from functools import reduce
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import portal.compliance
from portal.compliance.errors import LooserThanLaw, NeverOpen
from portal.compliance.rules import windows
from portal.compliance.rules.policy import (
    CLOSED,
    STRICTEST,
    TABLES,
    DatedEdit,
    Edit,
    PolicyTable,
    Span,
    rulebook,
    table_on,
    tightened,
)

LAW = TABLES[-1]
DATA = Path(portal.compliance.__file__).parent / "data"
ET, CT, PT = "America/New_York", "America/Chicago", "America/Los_Angeles"
FL, LA, CAL, PENSACOLA = "+13055550123", "+15045550123", "+12135550123", "+18505550123"
ASIDE = {STRICTEST, "CA-COUNTRY", "ME-AUTOMATED", "RECOMMENDED_DEFAULT"}


def moment(written, key):
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(key))


def read(name):
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_state_and_territory_has_a_row_with_its_citation():
    for row in read("states.csv"):
        assert LAW.rows[row["row"]].citation
        assert row["name"]
    assert len([row for row in read("states.csv") if row["row"] == row["code"]]) == 56


def test_a_states_zones_are_those_of_its_area_codes():
    zones = {row["code"]: set(row["zones"].split("|")) for row in read("states.csv")}
    for area in read("npa_timezones.csv"):
        if area["region_iso"] == "US":
            assert set(area["candidate_zones"].split("|")) <= zones[area["us_state"]], area["npa"]


def test_the_strictest_row_is_what_every_state_allows():
    states = [row for code, row in LAW.rows.items() if code not in ASIDE]
    strictest = LAW.rows[STRICTEST]
    for day in ("weekday", "saturday", "sunday"):
        assert getattr(strictest, day) == reduce(Span.meet, (getattr(row, day) for row in states))
    assert strictest.bars_holidays
    assert strictest.max_per_day == 3


def test_no_row_opens_before_or_after_the_federal_window():
    for code, row in LAW.rows.items():
        if code not in ASIDE:
            for day in ("weekday", "saturday", "sunday"):
                assert LAW.rows["US"].weekday.meet(getattr(row, day)) == getattr(row, day)


def test_tables_hold_from_their_day_on():
    later = PolicyTable(date(2027, 6, 1), LAW.rows)
    assert table_on(date(2027, 5, 31), (LAW, later)) is LAW
    assert table_on(date(2027, 6, 1), (LAW, later)) is later
    with pytest.raises(LookupError, match="2025-12-31"):
        table_on(date(2025, 12, 31))


def test_the_law_of_a_day_holds_on_that_day():
    """Pennsylvania closed its Sundays by Act 47, on 18 October 2026."""
    ask = {"state": "PA", "phone": "+12155550123", "automated": True, "table": rulebook()}
    for sunday, opens in (("2026-10-11", "2026-10-11 12:00"), ("2026-10-25", "2026-10-26 09:00")):
        found = windows.next_allowed(moment(f"{sunday} 12:00", ET), **ask)
        assert found == moment(opens, ET)
    eve = windows.next_allowed(moment("2026-10-17 21:00", ET), **ask)
    assert eve == moment("2026-10-19 09:00", ET)


class TestRulebook:
    def edited(self, *edits):
        return rulebook(tuple(DatedEdit(code, date.fromisoformat(d), e) for code, d, e in edits))

    def test_an_edit_holds_from_its_day_until_the_next_of_that_row(self):
        book = self.edited(
            ("FL", "2026-12-01", Edit(weekday=Span.read("10:00", "18:00"))),
            ("FL", "2026-12-03", Edit()),
        )
        ask = {"state": "FL", "phone": FL, "automated": True, "table": book}
        for day, opens in (
            ("11-30", "08:00"),
            ("12-01", "10:00"),
            ("12-02", "10:00"),
            ("12-03", "08:00"),
        ):
            found = windows.next_allowed(moment(f"2026-{day} 06:00", ET), **ask)
            assert found == moment(f"2026-{day} {opens}", ET)

    def test_the_same_edits_give_the_same_book(self):
        edit = ("FL", "2026-12-01", Edit(bars_holidays=True))
        assert self.edited(edit) is self.edited(edit)

    def test_where_the_law_became_tighter_both_hold(self):
        """PA was open 8:00-21:00 when an organization chose 8:00-20:00; since Act 47 it is 9:00-19:00."""
        book = self.edited(("PA", "2026-05-01", Edit(weekday=Span.read("08:00", "20:00"))))
        assert str(book.on(date(2026, 5, 4)).rows["PA"].weekday) == "08:00-20:00"
        assert str(book.on(date(2026, 12, 1)).rows["PA"].weekday) == "09:00-19:00"

    def test_whom_an_organization_left_no_time_is_never_texted_by_a_looser_rule(self):
        """Whoever is nowhere known may be from New York to Honolulu: 10:00-14:00 meets nowhere."""
        book = self.edited(("NY", "2026-12-01", Edit(*[Span.read("10:00", "14:00")] * 3)))
        with pytest.raises(NeverOpen):
            windows.next_allowed(
                moment("2026-12-01 12:00", ET), state=None, phone="", automated=True, table=book
            )


@pytest.mark.parametrize("ends", [(0, 1441), (600, 600), (700, 600), (-1, 5)])
def test_hours_run_forward_within_a_day(ends):
    with pytest.raises(ValueError, match="Hours"):
        Span(*ends)


def test_a_tightened_table_is_obeyed():
    table = tightened(
        LAW,
        {
            "FL": Edit(weekday=Span.read("10:00", "18:00"), sunday=CLOSED, bars_holidays=True),
            "LA": Edit(closed_days=frozenset([date(2026, 11, 24)])),
        },
    )
    ask = {"state": "FL", "phone": FL, "automated": True, "table": table}
    assert windows.next_allowed(moment("2026-11-23 08:00", ET), **ask) == moment(
        "2026-11-23 10:00", ET
    )
    assert windows.next_allowed(moment("2026-11-26 12:00", ET), **ask) == moment(
        "2026-11-27 10:00", ET
    )
    told = windows.why(
        moment("2026-11-24 12:00", CT), state="LA", phone=LA, automated=True, table=table
    )
    assert told.reason == "closed day"
    assert told.opens_at == moment("2026-11-25 08:00", CT)


def test_tightening_the_federal_row_binds_every_state_and_hand_typed_texts():
    table = tightened(LAW, {"US": Edit(weekday=Span.read("09:00", "20:00"))})
    for automated in (True, False):
        found = windows.next_allowed(
            moment("2026-11-23 08:00", PT), state="CA", phone=CAL, automated=automated, table=table
        )
        assert found == moment("2026-11-23 09:00", PT)


def test_a_table_without_an_hour_for_someone_says_so():
    only = Edit(weekday=Span.read("10:00", "10:30"), saturday=CLOSED, sunday=CLOSED)
    table = tightened(LAW, {"US": only})
    with pytest.raises(NeverOpen, match="within a year"):
        windows.next_allowed(
            moment("2026-11-23 12:00", ET), state=None, phone=PENSACOLA, automated=True, table=table
        )


@pytest.mark.parametrize(
    ("code", "edit", "words"),
    [
        ("FL", Edit(weekday=Span.read("08:00", "21:00")), "within 08:00-20:00"),
        ("FL", Edit(weekday=Span.read("07:59", "12:00")), "Florida: weekday hours"),
        ("PA", Edit(sunday=Span.read("12:00", "13:00")), "must stay closed"),
        ("TX", Edit(sunday=Span.read("11:00", "21:00")), "within 12:00-21:00"),
        ("UT", Edit(bars_holidays=False), "holidays must stay closed"),
        ("FL", Edit(max_per_day=4), "must be 1 to 3"),
        ("NY", Edit(max_per_day=0), "1 or more"),
        ("NY", Edit(weekday=CLOSED, saturday=CLOSED, sunday=CLOSED), "at least one day"),
        ("NY", Edit(weekday=Span.read("18:30", "21:00"), saturday=CLOSED), "no time for people"),
        ("ZZ", Edit(), "No state has the code ZZ"),
        ("STRICTEST", Edit(), "No state"),
        ("RECOMMENDED_DEFAULT", Edit(), "No state"),
    ],
)
def test_nothing_looser_than_law_is_taken(code, edit, words):
    with pytest.raises(LooserThanLaw, match=words):
        tightened(LAW, {code: edit})


SPANS = st.tuples(st.integers(0, 95), st.integers(0, 96)).map(
    lambda ends: Span(min(ends) * 15, max(ends) * 15) if ends[0] != ends[1] else CLOSED
)


@settings(max_examples=300)
@given(
    st.sampled_from(["FL", "PA", "TX", "NY", "US"]),
    st.builds(
        Edit,
        weekday=st.none() | SPANS,
        saturday=st.none() | SPANS,
        sunday=st.none() | SPANS,
        bars_holidays=st.sampled_from([None, True, False]),
        max_per_day=st.sampled_from([None, 1, 3, 5]),
    ),
)
def test_an_edit_never_opens_an_hour(code, edit):
    try:
        table = tightened(LAW, {code: edit})
    except LooserThanLaw:
        return
    for row in (code, STRICTEST):
        for ahead in range(7):
            day = date(2026, 11, 23) + timedelta(days=ahead)
            law, ours = LAW.rows[row].hours(day), table.rows[row].hours(day)
            assert law.meet(ours) == ours
