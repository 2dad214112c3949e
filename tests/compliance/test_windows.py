"""Automated texts keep the hours, Sundays and holidays of the recipient's state (P-3, L5)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.compliance.rules import windows
from portal.compliance.rules.policy import TABLES

LAW = TABLES[-1]
ET, CT, MT, PT = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
AK, HI = "America/Anchorage", "Pacific/Honolulu"
FL, NY, TX, PA, UT = "+13055550123", "+12125550123", "+12145550123", "+12155550123", "+18015550123"
RI, LA, AL, MS, SD = "+14015550123", "+15045550123", "+12055550123", "+16015550123", "+16055550123"
WA, KY, CT_, CAL = "+12065550123", "+15025550123", "+12035550123", "+12135550123"
TOLL_FREE, PENSACOLA, EVANSVILLE = "+18005550123", "+18505550123", "+18125550123"
ARIZONA, HONOLULU, ALASKA, SAN_JUAN = "+16025550123", "+18085550123", "+19075550123", "+17875550123"
TORONTO, KINGSTON, LONDON, MOSCOW = "+14165550123", "+18765550123", "+447911123456", "+79161234567"


def moment(written, key):
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(key))


def case(name, state, phone, key, at, opens, *, automated=True, opens_in=None):
    return pytest.param(
        state, phone, automated, moment(at, key), moment(opens, opens_in or key), id=name
    )


CASES = [
    # federal window
    case("CA-at-8", "CA", CAL, PT, "2026-11-23 08:00", "2026-11-23 08:00"),
    case("CA-before-8", "CA", CAL, PT, "2026-11-23 07:59:59", "2026-11-23 08:00"),
    case("CA-last-second", "CA", CAL, PT, "2026-11-23 20:59:59", "2026-11-23 20:59:59"),
    case("CA-at-21-is-closed", "CA", CAL, PT, "2026-11-23 21:00", "2026-11-24 08:00"),
    case("CA-midnight", "CA", CAL, PT, "2026-11-24 00:00", "2026-11-24 08:00"),
    case("CA-sunday-open", "CA", CAL, PT, "2026-11-22 08:00", "2026-11-22 08:00"),
    case("CA-christmas-open", "CA", CAL, PT, "2026-12-25 10:00", "2026-12-25 10:00"),
    # tighter hours
    case("FL-2001", "FL", FL, ET, "2026-11-23 20:00", "2026-11-24 08:00"),
    case("FL-1959", "FL", FL, ET, "2026-11-23 19:59", "2026-11-23 19:59"),
    case("WA-2030", "WA", WA, PT, "2026-11-23 20:30", "2026-11-24 08:00"),
    case("KY-0930", "KY", KY, ET, "2026-11-23 09:30", "2026-11-23 10:00"),
    case("KY-2030", "KY", KY, ET, "2026-11-23 20:30", "2026-11-23 20:30"),
    case("CT-0830", "CT", CT_, ET, "2026-11-23 08:30", "2026-11-23 09:00"),
    case("CT-2000", "CT", CT_, ET, "2026-11-23 20:00", "2026-11-24 09:00"),
    # Sundays and Saturdays
    case("TX-sunday-morning", "TX", TX, CT, "2026-11-22 10:00", "2026-11-22 12:00"),
    case("TX-sunday-noon", "TX", TX, CT, "2026-11-22 12:00", "2026-11-22 12:00"),
    case("TX-sunday-evening", "TX", TX, CT, "2026-11-22 21:00", "2026-11-23 09:00"),
    case("TX-saturday-night", "TX", TX, CT, "2026-11-21 21:00", "2026-11-22 12:00"),
    case("TX-monday-0830", "TX", TX, CT, "2026-11-23 08:30", "2026-11-23 09:00"),
    case("PA-sunday", "PA", PA, ET, "2026-11-22 12:00", "2026-11-23 09:00"),
    case("PA-saturday-evening", "PA", PA, ET, "2026-11-21 19:00", "2026-11-23 09:00"),
    case("PA-weekday-1859", "PA", PA, ET, "2026-11-23 18:59", "2026-11-23 18:59"),
    case("MS-sunday", "MS", MS, CT, "2026-11-22 12:00", "2026-11-23 08:00"),
    case("SD-sunday", "SD", SD, CT, "2026-11-22 12:00", "2026-11-23 09:00", opens_in=MT),
    case("UT-sunday", "UT", UT, MT, "2026-11-22 12:00", "2026-11-23 08:00"),
    case("RI-saturday-0930", "RI", RI, ET, "2026-11-21 09:30", "2026-11-21 10:00"),
    case("RI-saturday-17", "RI", RI, ET, "2026-11-21 17:00", "2026-11-23 09:00"),
    case("RI-friday-18", "RI", RI, ET, "2026-11-20 18:00", "2026-11-21 10:00"),
    # holidays
    case("PA-thanksgiving", "PA", PA, ET, "2026-11-26 12:00", "2026-11-28 09:00"),
    case("UT-christmas", "UT", UT, MT, "2026-12-25 12:00", "2026-12-26 08:00"),
    case("UT-pioneer-day", "UT", UT, MT, "2026-07-24 12:00", "2026-07-25 08:00"),
    case("UT-no-good-friday", "UT", UT, MT, "2027-03-26 12:00", "2027-03-26 12:00"),
    case("LA-mardi-gras", "LA", LA, CT, "2027-02-09 12:00", "2027-02-10 08:00"),
    case("LA-good-friday", "LA", LA, CT, "2027-03-26 12:00", "2027-03-27 08:00"),
    case("AL-good-friday-open", "AL", AL, CT, "2027-03-26 12:00", "2027-03-26 12:00"),
    case("AL-confederate-memorial", "AL", AL, CT, "2027-04-26 12:00", "2027-04-27 08:00"),
    case("RI-victory-day", "RI", RI, ET, "2027-08-09 12:00", "2027-08-10 09:00"),
    case("RI-july-4-on-sunday", "RI", RI, ET, "2027-07-04 12:00", "2027-07-06 09:00"),
    case("PA-juneteenth-saturday", "PA", PA, ET, "2027-06-18 12:00", "2027-06-21 09:00"),
    case("TX-thanksgiving-open", "TX", TX, CT, "2026-11-26 12:00", "2026-11-26 12:00"),
    case("MS-christmas-open", "MS", MS, CT, "2026-12-25 12:00", "2026-12-25 12:00"),
    case("PA-new-year", "PA", PA, ET, "2026-12-31 19:00", "2027-01-02 09:00"),
    case("LA-observed-last-year", "LA", LA, CT, "2027-12-31 12:00", "2028-01-03 08:00"),
    case("year-end", "FL", FL, ET, "2026-12-31 23:59:59", "2027-01-01 08:00"),
    # the area code speaks when the address is silent
    case("no-address-FL", None, FL, ET, "2026-11-23 20:30", "2026-11-24 08:00"),
    case("no-address-PA-sunday", None, PA, ET, "2026-11-22 12:00", "2026-11-23 09:00"),
    case("blank-address", " ", FL, ET, "2026-11-23 20:30", "2026-11-24 08:00"),
    case("unreadable-address", "Somewhere", FL, ET, "2026-11-23 20:30", "2026-11-24 08:00"),
    case("state-by-name", "florida", TOLL_FREE, CT, "2026-11-23 18:30", "2026-11-23 18:30"),
    case("state-with-dots", "n.y.", NY, ET, "2026-11-23 20:30", "2026-11-23 20:30"),
    # both states count
    case("FL-address-NY-number", "FL", NY, ET, "2026-11-23 20:15", "2026-11-24 09:00"),
    case("NY-address-FL-number", "NY", FL, ET, "2026-11-23 20:15", "2026-11-24 08:00"),
    case("CA-address-NY-number", "CA", NY, PT, "2026-11-23 18:30", "2026-11-24 08:00"),
    case("CA-address-PA-number", "CA", PA, PT, "2026-11-22 12:00", "2026-11-23 09:00"),
    case("RI-with-Guam-number", "RI", "+16714721234", ET, "2026-11-23 08:00", "2026-11-23 09:00"),
    # several zones: all must be open
    case("FL-panhandle-morning", None, PENSACOLA, ET, "2026-11-23 08:30", "2026-11-23 09:00"),
    case("FL-panhandle-evening", None, PENSACOLA, CT, "2026-11-23 19:30", "2026-11-24 08:00"),
    case("IN-morning", None, EVANSVILLE, ET, "2026-11-23 08:00", "2026-11-23 08:00", opens_in=CT),
    case("AK-evening", None, ALASKA, AK, "2026-11-23 20:30", "2026-11-23 20:30"),
    case("AK-morning", None, ALASKA, AK, "2026-11-23 08:00", "2026-11-23 09:00"),
    # no daylight saving there
    case("AZ-summer", "AZ", ARIZONA, "America/Phoenix", "2027-07-01 20:59", "2027-07-01 20:59"),
    case("HI-summer", "HI", HONOLULU, HI, "2027-07-01 07:59", "2027-07-01 08:00"),
    case("PR-month-ends-earlier", None, SAN_JUAN, ET, "2026-11-30 20:00", "2026-12-01 07:00"),
    # state unknown
    case("toll-free-winter", None, TOLL_FREE, ET, "2026-11-23 12:00", "2026-11-23 15:00"),
    case("toll-free-summer", None, TOLL_FREE, ET, "2027-07-07 12:00", "2027-07-07 16:00"),
    case("toll-free-closes-in-NY", None, TOLL_FREE, ET, "2026-11-23 18:00", "2026-11-24 15:00"),
    case("toll-free-saturday", None, TOLL_FREE, ET, "2026-11-21 17:00", "2026-11-23 15:00"),
    case("toll-free-sunday", None, TOLL_FREE, ET, "2026-11-22 16:00", "2026-11-23 15:00"),
    case("toll-free-pioneer-day", None, TOLL_FREE, ET, "2026-07-24 16:30", "2026-07-25 16:00"),
    case("new-area-code", None, "+17295550123", ET, "2026-11-23 12:00", "2026-11-23 15:00"),
    case("no-number-at-all", None, "", ET, "2026-11-23 12:00", "2026-11-23 15:00"),
    case("letters", None, "+1 call me", ET, "2026-11-23 12:00", "2026-11-23 15:00"),
    case("jamaica", None, KINGSTON, "America/Jamaica", "2026-11-23 09:00", "2026-11-23 10:00"),
    case("london", None, LONDON, "Europe/London", "2026-11-23 18:00", "2026-11-24 10:00"),
    case("london-with-address", "NY", LONDON, ET, "2026-11-23 16:30", "2026-11-24 08:00"),
    case("moscow", None, MOSCOW, "Europe/Moscow", "2026-11-23 03:00", "2026-11-23 09:00"),
    # Canada is not California
    case("toronto-0830", None, TORONTO, ET, "2026-11-23 08:30", "2026-11-23 09:00"),
    case("toronto-2105", None, TORONTO, ET, "2026-11-23 21:05", "2026-11-24 09:00"),
    case("toronto-saturday", None, TORONTO, ET, "2026-11-21 18:00", "2026-11-22 10:00"),
    case("ontario-address", "ON", TORONTO, ET, "2026-11-22 09:00", "2026-11-22 10:00"),
    # hand-typed texts: the federal window alone
    case("typed-FL", "FL", FL, ET, "2026-11-23 20:30", "2026-11-23 20:30", automated=False),
    case("typed-PA-sunday", "PA", PA, ET, "2026-11-22 08:00", "2026-11-22 08:00", automated=False),
    case("typed-late", "PA", PA, ET, "2026-11-22 21:00", "2026-11-23 08:00", automated=False),
    case(
        "typed-panhandle", None, PENSACOLA, ET, "2026-11-23 08:30", "2026-11-23 09:00",
        automated=False,
    ),
    case(
        "typed-toll-free", None, TOLL_FREE, ET, "2026-11-23 12:00", "2026-11-23 13:00",
        automated=False,
    ),
    # clocks change
    case("spring-forward-night", "NY", NY, ET, "2027-03-13 21:30", "2027-03-14 08:00"),
    case("spring-forward-evening", "NY", NY, ET, "2027-03-14 20:59", "2027-03-14 20:59"),
    case("fall-back-night", "NY", NY, ET, "2026-10-31 21:00", "2026-11-01 08:00"),
    case("fall-back-evening", "NY", NY, ET, "2026-11-01 21:00", "2026-11-02 08:00"),
    case("fall-back-first-0130", "FL", FL, ET, "2026-11-01 01:30", "2026-11-01 08:00"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "phone", "automated", "at", "opens"), CASES)
def test_a_text_goes_at_the_next_lawful_time(state, phone, automated, at, opens):
    found = windows.next_allowed(at, state=state, phone=phone, automated=automated)
    assert found == opens
    assert found is at or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("state", "phone", "at", "reason", "row", "words"),
    [
        ("PA", PA, "2026-11-22 12:00", "sunday", "PA", "no automated texts on Sundays"),
        ("UT", UT, "2026-12-25 12:00", "holiday", "UT", "Christmas Day"),
        ("FL", FL, "2026-11-23 20:30", "hours", "FL", "08:00-20:00, New York time"),
        ("FL", NY, "2026-11-23 22:30", "hours", "FL", "Florida rule"),
        (None, TOLL_FREE, "2026-11-23 09:00", "hours", "STRICTEST", "10:00-18:00"),
        ("FL", FL, "2026-11-23 12:00", "open", "FL", "may go at this time"),
        ("TX", TX, "2026-11-22 10:00", "hours", "TX", "12:00-21:00"),
    ],
)
def test_the_rule_used_is_told_with_its_citation(state, phone, at, reason, row, words):
    told = windows.why(moment(at, ET), state=state, phone=phone, automated=True)
    assert (told.reason, told.row.code) == (reason, row)
    assert words in told.sentence
    assert told.citation == LAW.rows[row].citation
    assert told.citation in told.sentence
    assert told.is_open == (reason == "open")
    assert told.tzdata


@pytest.mark.parametrize(
    ("state", "phone", "source"),
    [
        ("FL", TOLL_FREE, "address"),
        ("FL", NY, "address and area code"),
        (None, NY, "area code"),
        (None, LONDON, "country code"),
        (None, TOLL_FREE, "unknown"),
        ("RI", "+16714721234", "address"),
    ],
)
def test_what_told_the_place_is_kept(state, phone, source):
    told = windows.why(moment("2026-11-23 12:00", ET), state=state, phone=phone, automated=True)
    assert told.source == source


@pytest.mark.parametrize(
    ("state", "phone", "at", "end"),
    [
        ("FL", FL, "2026-11-23 12:00", "2026-11-23 20:00"),
        ("FL", FL, "2026-11-23 21:00", "2026-11-24 20:00"),
        ("PA", PA, "2026-11-21 19:00", "2026-11-23 19:00"),
        (None, TOLL_FREE, "2026-11-23 12:00", "2026-11-23 18:00"),
        (None, PENSACOLA, "2026-11-23 12:00", "2026-11-23 20:00"),
    ],
)
def test_a_window_tells_when_it_ends(state, phone, at, end):
    found = windows.closes(moment(at, ET), state=state, phone=phone, automated=True)
    assert found == moment(end, ET)


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        windows.next_allowed(datetime(2026, 11, 23), state="FL", phone=FL, automated=True)
