"""No window opens where it must not: clock changes, and 20,000 people and instants (L5)."""

import csv
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import portal.compliance
from portal.compliance.rules import places, windows
from portal.compliance.rules.policy import TABLES, Span

LAW = TABLES[-1]
DATA = Path(portal.compliance.__file__).parent / "data"
QUARTER = timedelta(minutes=15)
START = datetime(2026, 1, 1, tzinfo=UTC)
ET = "America/New_York"


@pytest.mark.parametrize(
    ("key", "day", "start", "end", "opens", "shuts"),
    [
        # 02:30 does not exist: the first instant after the gap.
        (ET, "2027-03-14", "02:30", "20:00", "2027-03-14T07:00", "2027-03-15T00:00"),
        # An end within the gap as well: nothing before is lost, nothing after is gained.
        (ET, "2027-03-14", "01:00", "02:30", "2027-03-14T06:00", "2027-03-14T07:00"),
        (ET, "2027-03-14", "02:10", "02:50", None, None),
        # 01:30 happens twice: the later to start, the earlier to end.
        (ET, "2026-11-01", "01:30", "20:00", "2026-11-01T06:30", "2026-11-02T01:00"),
        (ET, "2026-11-01", "00:30", "01:30", "2026-11-01T04:30", "2026-11-01T05:30"),
        (ET, "2026-11-01", "08:00", "21:00", "2026-11-01T13:00", "2026-11-02T02:00"),
        (ET, "2027-03-14", "08:00", "21:00", "2027-03-14T12:00", "2027-03-15T01:00"),
        ("America/Phoenix", "2026-11-01", "08:00", "21:00", "2026-11-01T15:00", "2026-11-02T04:00"),
        ("America/Puerto_Rico", "2026-11-30", "08:00", "24:00", "2026-11-30T12:00", "2026-12-01T04:00"),
        ("America/St_Johns", "2027-03-14", "08:00", "21:00", "2027-03-14T10:30", "2027-03-14T23:30"),
        # Half an hour only, and a whole day that never was.
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "09:00", "2026-10-03T15:30", "2026-10-03T22:00"),
        ("Pacific/Apia", "2011-12-30", "08:00", "21:00", None, None),
        ("Pacific/Apia", "2011-12-31", "08:00", "21:00", "2011-12-30T18:00", "2011-12-31T07:00"),
        # Clocks that change at midnight: the day begins at one.
        ("America/Havana", "2026-03-08", "00:00", "21:00", "2026-03-08T05:00", "2026-03-09T01:00"),
        ("America/Santiago", "2026-09-06", "00:00", "08:00", "2026-09-06T04:00", "2026-09-06T11:00"),
    ],
)  # fmt: skip
def test_windows_stand_on_the_safe_side_where_clocks_change(key, day, start, end, opens, shuts):
    span = Span.read(start, end)
    local = date.fromisoformat(day)
    first = windows._instant(local, span.start, key, is_start=True)
    last = windows._instant(local, span.end, key, is_start=False)
    if opens is None:
        assert last <= first
    else:
        assert (first, last) == tuple(
            datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (opens, shuts)
        )


@settings(max_examples=400)
@given(
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
    st.dates(date(1950, 1, 1), date(2037, 12, 31)),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
def test_in_every_zone_a_window_holds_only_its_own_wall_times(key, day, start, end):
    if start >= end:
        start, end = end, start
    if start == end:
        return
    first = windows._instant(day, start, key, is_start=True)
    last = windows._instant(day, end, key, is_start=False)
    here = first
    while here < last:
        local = here.astimezone(places.zone(key))
        assert local.date() == day
        assert start <= local.hour * 60 + local.minute < end
        here += QUARTER


def read(name):
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


AREAS = read("npa_timezones.csv")
ROWS = {row["state"]: row for row in read("quiet_hours.csv")}
STATES = [row for row in read("states.csv") if row["row"] == row["code"]]
TERRITORIES = {"PR", "VI", "GU", "AS", "MP"}
EXPECTED_HOLIDAYS = {(1, 1), (7, 4), (11, 11), (12, 25)}


def wall(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@cache
def open_minutes(codes, day):
    """The open minutes of a day over rows, holidays aside, read from the file anew."""
    start, end = 0, 1440
    for code in codes:
        row = ROWS[code]
        names = [("start", "end")] * 5 + [("sat_start", "sat_end"), ("sun_start", "sun_end")]
        first, last = (row[name] for name in names[day.weekday()])
        if first == "closed" or (
            row["holiday_rule"].startswith("barred") and (day.month, day.day) in EXPECTED_HOLIDAYS
        ):
            return (0, 0)
        start, end = max(start, wall(first)), min(end, wall(last))
    return (start, end)


def is_open(codes, keys, at):
    for key in keys:
        local = at.astimezone(key)
        start, end = open_minutes(codes, local.date())
        if not start <= local.hour * 60 + local.minute < end:
            return False
    return True


def rows_and_zones(state, area):
    codes, keys = ["US"], set(area["candidate_zones"].split("|"))
    if area["region_iso"] == "US":
        codes.append(area["us_state"])
    elif area["region_iso"] in TERRITORIES | {"CA"}:
        codes.append("CA-COUNTRY" if area["region_iso"] == "CA" else area["region_iso"])
    elif not state:
        codes.append("STRICTEST")
    if state:
        if state["code"] not in codes:
            keys |= set(state["zones"].split("|"))
        codes.append(state["code"])
    return tuple(codes), tuple(keys)


@settings(max_examples=500)
@given(st.none() | st.sampled_from(STATES), st.sampled_from(AREAS), st.integers(0, 2**32))
def test_nothing_goes_outside_a_window_and_nothing_waits_longer_than_it_must(state, area, seed):
    """40 instants for each of 500 pairs of address and area code: 20,000 (PROMISES L5)."""
    codes, keys = rows_and_zones(state, area)
    ask = {"state": state and state["code"], "phone": f"+1{area['npa']}5550123", "automated": True}
    told = windows.why(START, **ask)
    if told.zones != places.presume(ask["state"], ask["phone"])[0].zones:
        # The two places share no open hour: the address alone decides.
        codes, keys = ("US", state["code"]), state["zones"].split("|")
    keys = [places.zone(key) for key in keys]
    random = Random(seed)
    for _ in range(40):
        at = START + timedelta(seconds=random.randrange(6 * 365 * 86400))
        found = windows.next_allowed(at, **ask)
        assert found >= at
        assert is_open(codes, keys, found)
        for here in earlier(at, found):
            assert not is_open(codes, keys, here) or is_barred(codes, keys, here)


def earlier(at, found):
    """Every quarter of an hour from one instant to another, and the second before that."""
    here = at
    while here < found:
        yield here
        here += QUARTER
    if at < found:
        yield max(at, found - timedelta(seconds=1))


def is_barred(codes, keys, at):
    """Whether a state's own holiday closes a day: the list is asked, the hours are not."""
    days = {at.astimezone(key).date() for key in keys}
    return any(LAW.rows[code].holiday(day) for code in codes for day in days)
