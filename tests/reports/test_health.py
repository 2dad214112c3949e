"""How an account stands with carriers and people, and how all do (H-3)."""

import csv
import io
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook

from tests import cast
from tests.factories.health import went
from tests.factories.messaging import make_campaign, make_ready, make_recipients
from tests.reports import test_reports
from tests.reports.test_reports import stats

OTHER = "+13125550111"


def table(page, name):
    """Return a table's words without what only phones show."""
    for brief in page.page.select(f"#table-{name} .only-phone"):
        brief.decompose()
    return test_reports.table(page, name)


def show(person, account_id=cast.NORTHSIDE, **query):
    return person.get("reports.show_health", account_id=account_id, query=query)


@pytest.fixture
def troubled(northside, clock):
    """Six days ago all was well; today a send to a bought list, from another number."""
    make_ready(northside)
    sent = make_campaign(northside, make_recipients(northside, 2)).id
    went(northside, clock.now - timedelta(days=20), 5_000, opted_out=3)
    went(northside, clock.now - timedelta(days=6), 1_000, opted_out=2, wrong=10, code=30003)
    went(northside, clock.now, 400, wrong=5, opted_out=20, number=OTHER, campaign=sent)
    went(northside, clock.now, 0, wrong=100, code=30005, number=OTHER, campaign=sent)
    return sent


def test_each_window_has_its_rates_with_volume_and_band(troubled, alice):
    page = show(alice)
    _, day, week, month = table(page, "windows")
    assert day == ["24 hours", "400", "20", "5.00 %", "Breach", "505", "105", "20.79 %", "Breach"]
    assert week[:5] == ["7 days", "1,400", "22", "1.57 %", "Watch"]
    assert week[5:] == ["1,515", "115", "7.59 %", "Watch"]
    assert month[:5] == ["30 days", "6,400", "25", "0.39 %", "Watch"]
    assert month[8] == "Good"
    assert stats(page)["Opt-outs, 7 days"] == "1.57 %"


def test_nothing_sent_is_no_rate(northside, alice, clock):
    make_ready(northside)
    went(northside, clock.now - timedelta(days=20), 300)
    shown = stats(show(alice))
    assert shown["Opt-outs, 7 days"] == shown["Errors, 24 hours"] == "–"


def test_the_number_and_the_send_in_trouble_stand_first(troubled, alice):
    page = show(alice)
    _, worst, well = table(page, "numbers")
    assert (worst[0], worst[4], worst[8]) == ("(312) 555-0111", "Breach", "Breach")
    assert (well[0], well[4], well[8]) == ("(312) 555-0100", "Good", "Good")
    _, campaign, single = table(page, "campaigns")
    assert campaign[4] == "Breach"
    assert single[0] == "Outside campaigns"
    [link] = [a["href"] for a in page.page.select("#table-campaigns tbody a")]
    assert link.endswith(f"/campaigns/{troubled}")
    alice.open("GET", link)


def test_errors_are_broken_down_by_code_with_meaning_and_what_to_do(troubled, alice):
    _, first, second, third = table(show(alice), "codes")
    assert first[0] == "30005"
    assert first[1] and first[2]
    assert first[3:] == ["100", "87.0 %"]
    assert second[0] == "30003"
    assert third[:2] == ["None given", "The carrier gave no code"]
    [_, *day] = table(show(alice, window="24h"), "codes")
    assert [row[0] for row in day] == ["30005", "None given"]


def test_the_trend_is_drawn_and_says_the_same_as_a_table(troubled, alice):
    for window, pieces in (("24h", 25), ("7d", 8), ("30d", 31)):
        page = show(alice, window=window)
        [_, *rows] = table(page, "trend")
        assert len(rows) == pieces
        charts = page.page.select("svg.chart desc")
        out, wrong = (sum(int(row[at].replace(",", "")) for row in rows) for at in (2, 5))
        assert charts[0].text.startswith(f"{out:,} in all")
        assert charts[1].text.startswith(f"{wrong:,} in all")


def test_a_phone_reads_the_rates_with_their_volume_below_the_name(troubled, alice):
    brief = show(alice).page.select_one("#table-numbers .only-phone").get_text(strip=True)
    assert brief == "5.00 % of 400 opted out, 20.79 % of 505 went wrong"


def test_a_phone_reads_no_rate_where_nothing_left(northside, alice, clock):
    went(northside, clock.now - timedelta(days=20), 40)
    day, week, month = show(alice).page.select("#table-windows .only-phone")
    assert day.get_text(strip=True) == week.get_text(strip=True) == "No text left"
    assert month.get_text(strip=True) == "0.00 % of 40 opted out, 0.00 % of 40 went wrong"


def test_few_texts_are_not_judged(northside, alice, clock):
    went(northside, clock.now, 5, opted_out=1)
    [_, day, *_] = table(show(alice), "windows")
    assert day == [
        "24 hours", "5", "1", "20.00 %", "Too few to judge", "5", "0", "0.00 %",
        "Too few to judge",
    ]  # fmt: skip


def test_an_account_without_texts_says_so(northside, alice, clock):
    went(northside, clock.now - timedelta(days=40), 500)
    page = show(alice)
    assert "No text left in 30 days" in page.text
    assert not page.page.select("table")


def test_the_policy_behind_it_stands_there_with_its_date(northside, alice):
    why = show(alice).text_of("details.why")
    assert "up to 0.30 %" in why
    assert "from 3.00 % and 12.00 %" in why
    assert "policy since 1 January 2026" in why


def test_files_hold_what_the_page_shows(troubled, alice):
    asked = {"account_id": cast.NORTHSIDE, "query": {"window": "7d"}}
    data = alice.get("reports.health_file", kind="csv", **asked).data
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0] == ["Health of Northside, last 7 days"]
    assert ["7 days", "1400", "22", "1.57", "Watch", "1515", "115", "7.59", "Watch"] in rows
    content = alice.get("reports.health_file", kind="xlsx", **asked).data
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert ["7 days", 1400, 22, 1.57, "Watch", 1515, 115, 7.59, "Watch"] in sheet
    alice.get("reports.health_file", 404, kind="pdf", **asked)


def test_a_page_tells_the_campaigns_in_most_trouble_and_a_file_all(northside, alice, clock):
    """An opt-out weighs as twenty errors: 0.3 % against 6 %."""
    make_ready(northside)
    people = make_recipients(northside, 22)
    for place, person in enumerate(people):
        sent = make_campaign(northside, [person, people[place - 1]]).id
        went(northside, clock.now, 100, wrong=place, campaign=sent)
    went(northside, clock.now, 100, opted_out=2)
    _, *rows = table(show(alice), "campaigns")
    assert (len(rows), rows[0][0]) == (20, "Outside campaigns")  # 2 opt-outs, before 21 errors
    assert [row[6] for row in rows[1:]] == [str(n) for n in range(21, 2, -1)]
    asked = {"account_id": cast.NORTHSIDE, "query": {"window": "7d"}}
    data = alice.get("reports.health_file", kind="csv", **asked).data.decode("utf-8-sig")
    whole = data[data.index("Campaigns") : data.index("Errors by code")]
    assert len([line for line in whole.splitlines() if line.strip()]) == 2 + 23


def test_a_window_there_is_not_is_refused_by_name(northside, alice):
    page = alice.get("reports.show_health", 400, account_id=cast.NORTHSIDE, query={"window": "1y"})
    assert "window: choose one of 24h, 7d, 30d." in page.text


def test_an_officer_sees_every_account_the_worst_first(troubled, northside, bobs, vera, clock):
    went(bobs, clock.now, 300)
    page = vera.get("reports.show_health", organization_id=cast.JUNIPER)
    _, first, second = table(page, "accounts")
    assert (first[0], first[4]) == ("Northside", "Watch")
    assert (second[0], second[4]) == ("Bob Tran", "Good")
    link = page.page.select_one("#table-accounts tbody a")["href"]
    assert "Rates" in vera.open("GET", link).text


def test_an_agent_sees_the_accounts_they_reach(bobs, bob, lakeview, clock):
    went(bobs, clock.now, 300)
    went(lakeview, clock.now, 300)
    page = bob.get("reports.show_health", organization_id=cast.JUNIPER)
    assert [row[0] for row in table(page, "accounts")[1:]] == ["Bob Tran", "Northside"]
    bob.get("reports.show_health", 404, account_id=cast.LAKEVIEW)


def test_home_and_menu_lead_there(troubled, alice, vera):
    home = alice.get("reports.account_home", account_id=cast.NORTHSIDE)
    link = home.page.select_one("#this-account a[href*=health]")
    assert link.text == "Watch"
    [menu] = [a["href"] for a in home.page.select("nav a") if a.get_text(strip=True) == "Health"]
    assert menu == f"/accounts/{cast.NORTHSIDE}/health"
    assert vera.get("reports.home").page.select_one("#officer-accounts a[href*=health]")
