"""Federal and state holidays fall where the law puts them (P-3)."""

from datetime import date

import pytest

from portal.compliance.rules.holidays import easter, holidays


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (2000, "04-23"), (2008, "03-23"), (2011, "04-24"), (2019, "04-21"), (2024, "03-31"),
        (2025, "04-20"), (2026, "04-05"), (2027, "03-28"), (2030, "04-21"), (2038, "04-25"),
        (2049, "04-18"), (2076, "04-19"), (2285, "03-22"),
    ],
)  # fmt: skip
def test_easter(year, day):
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def names(day, *where):
    found = holidays(frozenset(where), date.fromisoformat(day).year)
    kept = found.get(date.fromisoformat(day))
    return kept and kept.name


@pytest.mark.parametrize(
    ("day", "where", "name"),
    [
        ("2026-01-01", "UT", "New Year's Day"),
        ("2026-01-19", "UT", "Martin Luther King Jr. Day"),
        ("2026-02-16", "UT", "Washington's Birthday"),
        ("2026-05-25", "UT", "Memorial Day"),
        ("2027-05-31", "UT", "Memorial Day"),
        ("2026-06-19", "PA", "Juneteenth"),
        ("2020-06-19", "PA", None),
        ("2026-07-03", "PA", "Independence Day"),
        ("2026-07-04", "PA", "Independence Day"),
        ("2026-07-06", "PA", None),
        ("2027-07-05", "PA", "Independence Day"),
        ("2026-09-07", "PA", "Labor Day"),
        ("2026-10-12", "PA", "Columbus Day"),
        ("2026-11-11", "PA", "Veterans Day"),
        ("2026-11-26", "PA", "Thanksgiving Day"),
        ("2026-12-25", "PA", "Christmas Day"),
        ("2027-12-24", "PA", "Christmas Day"),
        ("2027-12-31", "PA", "New Year's Day"),
        ("2022-12-26", "PA", "Christmas Day"),
        ("2026-02-17", "LA", "Mardi Gras"),
        ("2026-04-03", "LA", "Good Friday"),
        ("2026-04-03", "PA", "Good Friday"),
        ("2026-04-03", "UT", None),
        ("2026-11-03", "PA", "Election Day"),
        ("2027-11-02", "PA", "Election Day"),
        ("2026-11-03", "LA", "Election Day"),
        ("2027-11-02", "LA", None),
        ("2022-11-08", "RI", "Election Day"),
        ("2026-11-27", "LA", "Acadian Day"),
        ("2026-08-10", "RI", "Victory Day"),
        ("2026-05-04", "RI", "Rhode Island Independence Day"),
        ("2026-07-24", "UT", "Pioneer Day"),
        ("2027-07-23", "UT", "Pioneer Day"),
        ("2026-06-15", "UT", "Juneteenth (as Utah keeps it)"),
        ("2027-06-21", "UT", "Juneteenth (as Utah keeps it)"),
        ("2023-06-19", "UT", "Juneteenth"),
        ("2026-04-27", "AL", "Confederate Memorial Day"),
        ("2026-06-01", "AL", "Jefferson Davis' Birthday"),
        ("2026-11-24", "PA", None),
    ],
)
def test_holidays_of_a_state(day, where, name):
    assert names(day, where) == name


def test_a_state_without_a_list_keeps_the_federal_days():
    assert names("2026-12-25", "TX") == "Christmas Day"
    assert names("2026-07-24", "TX") is None


def test_an_unknown_state_keeps_every_list():
    found = holidays(None, 2026)
    for where in ("AL", "LA", "PA", "RI", "UT"):
        assert set(holidays(frozenset([where]), 2026)) <= set(found)
