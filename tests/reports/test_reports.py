"""Reports of texts, people, campaigns, delivery and credits (M-3)."""

import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from portal.billing.models import HouseEntry
from portal.billing.rules import day_start
from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.gateways import sms
from portal.messaging.models import Message
from portal.messaging.values import Kind
from portal.reports.rules import charts, periods
from portal.reports.rules.periods import Span
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.conftest import Clock
from tests.factories.billing import make_credits
from tests.factories.messaging import (
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
)
from tests.factories.people import person as make_person
from tests.messaging.talks import hear
from tests.messaging.world import BEHAVIOURS, Carrier, sweep

TODAY = date(2026, 3, 2)
EACH = ("days", "people", "campaigns", "forms", "basis", "delivery", "credits", "consent")


@pytest.fixture
def lively(scene):
    """An account that sent a campaign and a text, and got answers: 2 arrived, 1 didn't, 1 refused."""
    return scene(live)


def live():
    northside, clock = cast.account(cast.NORTHSIDE), Clock()
    make_ready(northside)
    odd = {"fine": "created_201", "lost": "taken_then_undelivered", "refused": "rejected_21211"}
    people = {
        name: make_recipient(northside, number=f"+1312557000{place}", first_name=name)
        for place, name in enumerate(odd)
    }
    carrier = Carrier({p.number.e164: BEHAVIOURS[odd[n]] for n, p in people.items()})
    sms.use(carrier)
    make_campaign(northside, list(people.values()), bulk(name="=Spring, open houses"))
    for _ in range(3):
        sweep(northside)
        carrier.call_back(northside.organization_id)
        carrier.callbacks.clear()
    hear(northside, "Is it still there?", people["fine"].number.e164)
    clock.travel(by=timedelta(hours=1))
    make_campaign(northside, [people["fine"]], one_to_one("Yes, it is."))
    sweep(northside)
    carrier.call_back(northside.organization_id)
    sweep(northside)
    return northside


def table(page, name):
    """Return a report's table as lists of words, head first."""
    return [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page.page.select(f"#table-{name} tr")
    ]


def stats(page):
    return {
        tile.select_one(".stat__label").text: tile.select_one(".stat__value").get_text(
            " ", strip=True
        )
        for tile in page.page.select(".stat")
    }


def show(person, name="days", **query):
    return person.get("reports.show", account_id=cast.NORTHSIDE, name=name, query=query)


def test_usage_counts_what_went_out_and_came_in(lively, alice):
    page = show(alice, period="7-days")
    assert stats(page)["Received"] == "1 texts"
    [head, *days, total] = table(page, "days")
    assert head[:4] == ["Day", "Sent", "Delivered", "Arrived"]
    assert len(days) == 7
    sent, delivered, share, wrong = total[1:5]
    assert int(sent) - int(delivered) == 1  # one never arrived; the refused one never left
    assert wrong == "2"
    assert share.endswith("%")
    assert page.page.select("svg.chart title")[0].text == "Texts sent"


def test_the_charts_say_what_the_table_says(lively, alice):
    page = show(alice, period="7-days")
    said = page.text_of("svg.chart desc") if len(page.page.select("svg.chart")) == 1 else None
    assert said is None  # sent and received are drawn apart
    for svg in page.page.select("svg.chart"):
        assert svg["role"] == "img"
        names = {page.page.select_one(f"#{id_}").name for id_ in svg["aria-labelledby"].split()}
        assert names == {"title", "desc"}
    total = table(page, "days")[-1]
    assert page.page.select("svg.chart desc")[0].text.startswith(f"{total[1]} in all")


@pytest.mark.parametrize("name", EACH)
def test_each_report_of_an_account_without_texts_says_so(alice, name):
    """An empty account, and a year in which nothing happened."""
    for query in ({}, {"period": "last-year"}, {"from": "2019-01-01", "to": "2019-12-31"}):
        page = show(alice, name, **query)
        assert not page.page.select("svg.chart")
    if name in ("days", "campaigns"):
        assert "No text was confirmed" in page.text or "No campaign was confirmed" in page.text


def test_people_tells_who_sent_and_leads_to_their_usage(lively, alice):
    page = show(alice, "people", period="7-days")
    rows = table(page, "people")
    assert rows[1][0] == "Alice Moreno"
    assert rows[2][0].startswith("By the API or the portal itself")
    link = page.page.select_one("#table-people tbody a")["href"]
    hers = alice.open("GET", link)
    assert "Sent by Alice Moreno" in hers.text
    assert "Received" not in stats(hers)  # who got an answer is nobody's sending
    assert table(hers, "days")[-1][1] == rows[1][1]


@pytest.mark.parametrize(
    ("name", "tile"),
    [
        ("days", "Sent"),
        ("people", "Sent"),
        ("campaigns", "Campaigns"),
        ("campaigns", "Sent"),
        ("forms", "Consents by form"),
        ("credits", "Credits"),
    ],
)
def test_a_report_is_held_against_the_days_before(lively, alice, name, tile):
    """M-3: seven days against the seven before them, in which nothing was sent."""
    page = show(alice, name, period="7-days")
    [told] = [one.text for one in page.page.select(".stat") if f">{tile}<" in str(one)]
    assert "None in 17 to 23 Feb 2026" in told


def test_campaigns_are_found_by_words_and_lead_to_their_page(lively, alice):
    page = show(alice, "campaigns", period="7-days")
    [_, row] = table(page, "campaigns")
    assert row[0] == "=Spring, open houses"
    assert row[4:] == ["3", "2", "1", "33.3 %", "2", "0", "2", "2"]
    assert "/campaigns/" in page.page.select_one("#table-campaigns tbody a")["href"]
    assert stats(page)["Campaigns"] == "1 confirmed"
    assert stats(page)["Sent"] == "2 texts"
    searched = show(alice, "campaigns", q="autumn")
    assert "No campaign was confirmed" in searched.text
    assert not stats(searched)  # some of them are no period
    assert "Spring" in show(alice, "campaigns", q="OPEN hou").text
    assert "Alder" not in show(alice, "campaigns", q="%").text


def test_campaigns_go_on_page_by_page_without_a_list_to_choose_from(northside, alice, monkeypatch):
    """10,000 campaigns are no select: they are found by words and read page by page."""
    make_ready(northside)
    somebody = [make_recipient(northside)]
    for place in range(5):
        make_campaign(northside, somebody, bulk(f"News {place}", name=f"News {place}"))
    monkeypatch.setattr("portal.reports.queries.usage.CAMPAIGNS_A_PAGE", 2)
    seen, link = [], alice.url("reports.show", account_id=northside.id, name="campaigns")
    while link:
        page = alice.open("GET", link)
        seen += [row[0] for row in table(page, "campaigns")[1:]]
        after = page.page.select_one(".pager a[rel=next]")
        link = after["href"] if after else None
    assert seen == [f"News {place}" for place in (4, 3, 2, 1, 0)]
    assert not page.page.select("select")
    monkeypatch.setattr("portal.reports.queries.reports.CAMPAIGNS_AT_ONCE", 2)
    file = alice.get("reports.file", account_id=northside.id, name="campaigns", kind="csv")
    lines = file.data.decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines if line.startswith("News")] == seen


def test_forms_tell_what_became_of_texts_on_their_consent(lively, alice):
    """M-3: counted as the texts leave; the refused one never left and belongs to none."""
    page = show(alice, "forms", period="7-days")
    [head, *forms] = table(page, "by-form")
    told = [dict(zip(head, row, strict=True)) for row in forms]
    assert sum(int(row["Texts"]) for row in told) == 3
    assert sum(int(row["Delivered"]) for row in told) == 2
    assert sum(int(row["Consents"]) for row in told) == 3
    assert stats(page)["Consents by form"] == str(
        sum(int(row["Consents"]) for row in told if row["Form"] != "No form")
    )


def test_delivery_explains_each_code_of_the_carrier(lively, alice):
    """S-10: what it means and what to do, from the dictionary of the facts."""
    page = show(alice, "delivery", period="7-days")
    errors = {row[0]: row for row in table(page, "errors")[1:]}
    assert set(errors) == {"30003", "21211"}
    assert errors["30003"][1] == "Not delivered"
    assert errors["21211"][1] == "Refused by the carrier"
    assert all(row[2] and row[3] and row[4] == "1" for row in errors.values())
    outcome = table(page, "outcome")
    assert outcome[-1][0] == "In all"
    assert sum(int(row[1]) for row in outcome[1:-1]) == int(outcome[-1][1])


def test_credits_are_the_statements_and_expire_next_is_named(lively, alice):
    page = show(alice, "credits", period="this-month")
    [_, month] = table(page, "months")
    assert month[0] == "March 2026"
    assert month[1] == "500"
    assert table(page, "expiring")[1][2] == table(page, "balances")[1][2]
    assert stats(page)["Credits left"] == table(page, "balances")[1][2]


def test_the_last_day_of_credits_is_the_organizations(northside, alice):
    """B-4: lots end at Chicago's midnight, also for an account two hours west of it."""
    with unit_of_work():
        account_service.edit_account(
            northside.id, name="Northside", timezone="America/Los_Angeles", actor=SYSTEM
        )
    make_credits(northside, 7, expires_at=day_start(date(2026, 5, 1), "America/Chicago"))
    assert table(show(alice, "credits"), "expiring")[1] == ["30 Apr 2026", "Northside", "7"]


def test_segments_are_held_against_the_credits_they_cost(lively, alice):
    """R-1, S-3: free notices and what failed before the phone cost nothing, and are told apart."""
    page = show(alice, "credits", period="7-days")
    assert stats(page)["Segments a credit"] == "1.00"
    [note] = [t.text for t in page.page.select(".stat") if "Segments a credit" in t.text]
    assert "2 more segments free" in note


def test_what_the_house_paid_for_is_no_credit_of_the_account(lively, alice):
    """PROMISES 2.4: a text proven sent after its credits were given back; the books know no charge."""
    text = db.session.scalars(select(Message).where(Message.kind == Kind.ONE_TO_ONE)).one()
    [_, bob, *_] = before = table(show(alice, "people"), "people")
    with unit_of_work():
        db.session.add(
            HouseEntry(
                message_id=text.id,
                organization_id=text.organization_id,
                account_id=text.account_id,
                credits=text.credits,
            )
        )
    [_, now, *_] = table(show(alice, "people"), "people")
    place = before[0].index("Credits")
    assert int(now[place]) == int(bob[place]) - text.credits
    [note] = [t.text for t in show(alice, "credits").page.select(".stat") if "Segments" in t.text]
    assert "the house paid 1 credit" in note


def test_consent_tells_coverage_forms_and_opt_outs(lively, alice):
    """C-1, M-3."""
    hear(lively, "STOP", "+13125570000")
    page = show(alice, "consent", period="7-days")
    [_, row] = table(page, "coverage")
    assert row == ["Northside", "66.7 %", "2", "0", "0", "0", "1"]
    assert stats(page)["Opted out"] == "1 times"
    assert table(page, "opt-outs")[-1] == ["In all", "1"]
    assert table(page, "forms")[1] == ["No form", "Hosted form", "Express written", "3"]


@pytest.mark.parametrize("name", EACH)
def test_files_hold_what_the_page_shows(lively, alice, name):
    """S5: no cell of either runs, whatever somebody called a campaign."""
    where = {"account_id": lively.id, "name": name}
    query = {"period": "7-days"}
    sent = alice.get("reports.file", kind="csv", query=query, **where)
    assert "attachment" in sent.headers["Content-Disposition"]
    assert sent.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(sent.data.decode("utf-8-sig"))))
    shown = show(alice, name, **query)
    heads = shown.page.select("[id^=table-] th[scope=row]")
    assert heads or name in ("calls", "appeals")
    for head in heads:
        words = head.time["datetime"] if head.time else head.get_text(" ", strip=True)
        assert words.split(" 2 of")[0] in {r[0].removeprefix("'") for r in rows if r} | {
            "By the API or the portal itself 2 of them free notices and answers"
        }
    assert not any(cell.startswith("=") for row in rows for cell in row)
    book = alice.get("reports.file", kind="xlsx", query=query, **where)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0)
    assert len([r for r in sheet.to_python() if any(r)]) == len([r for r in rows if any(r)])


def test_everybody_sees_the_accounts_they_reach(lively, browser, bob, alice, vera):
    """S1, SPEC 1: an agent the own ones, a lead the team's, an officer all of the organization."""
    roles = ((bob, Role.AGENT), (alice, Role.TEAM_LEAD), (vera, Role.COMPLIANCE_OFFICER))
    for person, role in roles:
        reached = accounts.accounts_for(person.user_id, cast.JUNIPER, role)
        page = person.get("reports.show", organization_id=cast.JUNIPER, name="accounts")
        assert [row[0] for row in table(page, "accounts")[1:-1]] == [a.name for a in reached]
    alone = browser(make_person("Nia Cole", organization_id=cast.JUNIPER, role=Role.AGENT).id)
    page = alone.get("reports.show", organization_id=cast.JUNIPER, name="accounts")
    assert "No account yet." in page.text
    alone.get("reports.show", 404, account_id=lively.id)


def test_nothing_of_another_organization_is_counted(lively, mallory):
    """S2, I12."""
    page = mallory.get("reports.show", organization_id=cast.LAKEVIEW_HOMES, name="accounts")
    assert {cell for row in table(page, "accounts")[1:] for cell in row[1:]} <= {
        "0",
        "–none",
        "– none",
    }
    mallory.get("reports.show", 404, account_id=lively.id)
    mallory.get("reports.show", 404, organization_id=cast.JUNIPER)


def test_a_strangers_name_is_not_told(lively, alice):
    """S1: an id of another organization's person reads like one there isn't."""
    assert "Mallory" not in show(alice, user=str(cast.MALLORY)).text
    assert "Sent by Alice" in show(alice, user=str(cast.ALICE)).text


def test_an_accounts_link_keeps_the_days(lively, alice):
    days = {"from": "2026-03-01", "to": "2026-03-02"}
    page = alice.get("reports.show", organization_id=cast.JUNIPER, name="accounts", query=days).page
    links = [link["href"] for link in page.select("#table-accounts a")]
    assert links
    assert all(link.endswith("?from=2026-03-01&to=2026-03-02") for link in links)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"period": "decade"}, "period: choose one of 7-days"),
        ({"from": "03/01/2026"}, "from: 03/01/2026 is not a day"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to: 2026-03-01 is before 2026-03-02"),
        ({"to": "2026-03-01"}, "from: give the first day too"),
        ({"from": "2000-01-01", "to": "2026-01-01"}, "Choose at most 1,100"),
        ({"from": "1026-01-01", "to": "1026-01-02"}, "from: check the year"),
        ({"from": "1926-01-01", "to": "1926-01-02"}, "between the years 2000 and 2200"),
        ({"user": "x"}, "user: this mark is damaged"),
        ({"nonsense": "1"}, "nonsense: unknown here"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(alice, query, words):
    page = alice.get("reports.show", 400, account_id=cast.NORTHSIDE, query=query)
    assert words in page.text


def test_a_report_there_is_not_is_missing(alice):
    alice.get("reports.show", 404, account_id=cast.NORTHSIDE, name="nonsense")
    alice.get("reports.show", 404, account_id=cast.NORTHSIDE, name="accounts")
    alice.get("reports.file", 404, account_id=cast.NORTHSIDE, name="days", kind="pdf")


@pytest.mark.parametrize(
    ("name", "first", "last", "before"),
    [
        ("7-days", "2026-02-24", "2026-03-02", "2026-02-17"),
        ("this-month", "2026-03-01", "2026-03-02", "2026-02-01"),
        ("last-month", "2026-02-01", "2026-02-28", "2026-01-01"),
        ("this-year", "2026-01-01", "2026-03-02", "2025-01-01"),
        ("last-year", "2025-01-01", "2025-12-31", "2024-01-01"),
        ("12-months", "2025-03-03", "2026-03-02", "2024-03-03"),
    ],
)
def test_presets_and_what_they_are_compared_with(name, first, last, before):
    found = periods.period(name, None, None, TODAY)
    assert (str(found.span.first), str(found.span.last)) == (first, last)
    assert str(found.before.first) == before
    assert found.before.last < found.span.first


days = st.dates(date(2001, 1, 1), date(2199, 12, 31))


@given(first=days, length=st.integers(1, periods.LONGEST))
def test_every_day_of_a_period_is_in_one_piece(first, length):
    """Months with a change of clocks have as many days as their dates."""
    span = Span(first, first + timedelta(days=length - 1))
    found = [
        piece.span.first + timedelta(days=n)
        for piece in periods.pieces(span)
        for n in range(piece.span.days)
    ]
    assert found == [first + timedelta(days=n) for n in range(length)]
    assert len(periods.pieces(span)) <= 46


@given(name=st.sampled_from(list(periods.PRESETS)), today=days)
def test_a_preset_holds_on_any_day(name, today):
    found = periods.period(name, None, None, today)
    assert found.span.first <= found.span.last <= today
    assert found.before.first <= found.before.last < found.span.first


@given(values=st.lists(st.integers(0, 10**7), min_size=1, max_size=46))
def test_a_chart_is_as_high_as_its_figures(values):
    chart = charts.bar_chart("Texts", "day", [(str(n), "", v) for n, v in enumerate(values)])
    if not any(values):
        assert chart is None
        return
    highest = max(bar.height for bar in chart.bars)
    assert highest <= chart.height
    for bar, value in zip(chart.bars, values, strict=True):
        assert bar.height == pytest.approx(highest * value / max(values), abs=0.02)
        assert 0 <= bar.x <= bar.x + bar.width <= chart.width
    assert 2 <= len(chart.grid) <= 6


def test_a_period_that_is_no_day_at_all_is_refused():
    with pytest.raises(BadInput):
        periods.period("", date(2026, 3, 2), date(2026, 3, 1), TODAY)
