"""The statement by kind and period, on the page and in files (B-13)."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook

from portal.billing import service as billing
from portal.core.db import unit_of_work
from tests import cast
from tests.factories.billing import make_credits, make_reserve


@pytest.fixture
def lead(browser, northside, clock):
    """Alice on 3 April, after a grant in March and texts on 2 April, late at night in Chicago."""
    make_credits(northside, 100)
    clock.travel(to=datetime(2026, 4, 3, 4, 59, tzinfo=UTC))  # 11:59 pm on the 2nd
    [sent, _] = make_reserve(northside, 3, 2)
    with unit_of_work():
        billing.capture(northside.id, sent)
    clock.travel(to=datetime(2026, 4, 3, 18, 0, tzinfo=UTC))
    return browser(cast.ALICE)


def kinds(reply):
    return [
        row.select("td")[1].select_one(".strong").get_text()
        for row in reply.page.select("tbody tr")
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["Charged", "Reserved", "Reserved", "Granted"]),
        ({"kind": "reserve"}, ["Reserved", "Reserved"]),
        ({"to": "2026-03-31"}, ["Granted"]),
        ({"from": "2026-04-02", "to": "2026-04-02"}, ["Charged", "Reserved", "Reserved"]),
        ({"from": "2026-04-03"}, []),
        ({"kind": "grant", "from": "2026-04-01"}, []),
    ],
)
def test_shows_a_kind_and_a_period_by_the_readers_days(lead, northside, asked, found):
    reply = lead.get("billing.statement", account_id=northside.id, **asked)
    assert kinds(reply) == found
    if not found:
        assert "No entry matches" in reply.text


def test_the_balance_beside_each_line_is_the_whole_ledgers(lead, northside):
    """B-8: what is filtered away still counts."""
    reply = lead.get("billing.statement", account_id=northside.id, kind="reserve")
    assert [row.select("td")[5].get_text(strip=True) for row in reply.page.select("tbody tr")] == [
        "95",
        "97",
    ]


def test_files_hold_what_is_shown(lead, northside):
    reply = lead.get("billing.statement", account_id=northside.id, kind="reserve")
    csv, excel = (
        a["href"] for a in reply.page.select(".filterbar a.btn") if "kind=reserve" in a["href"]
    )
    assert lead.open("GET", csv).data.decode().count("Reserved") == 2
    sheet = load_workbook(BytesIO(lead.open("GET", excel).data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0] == "line"
    assert [row[8] for row in rows[1:]] == [97, 95]


def test_pages_keep_the_filter(lead, northside):
    make_reserve(northside, *[1] * 55)
    first = lead.get("billing.statement", account_id=northside.id, kind="reserve")
    more = lead.htmx.open("GET", first.page.select_one(".pager a[rel=next]")["href"])
    assert more.is_partial
    assert set(kinds(more)) == {"Reserved"}
    assert len(kinds(more)) == 7


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "late_capture"}, "kind: choose one of grant"),
        ({"from": "31.3.2026"}, "from: 31.3.2026 is not a day"),
        ({"to": "0001-01-01"}, "to: check the year"),
        ({"from": "2026-04-02", "to": "2026-04-01"}, "to: this day is before the first one"),
    ],
)
@pytest.mark.parametrize(
    "endpoint", ["billing.statement", "billing.export_statement", "billing.statement_workbook"]
)
def test_says_which_field_is_wrong(lead, northside, asked, said, endpoint):
    reply = lead.get(endpoint, status=400, account_id=northside.id, **asked)
    assert said in reply.text
