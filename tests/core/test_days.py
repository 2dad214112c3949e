"""Days somebody types: every field of reports and books takes any year without a fault (M-3, B-13)."""

import pytest

from portal.core.days import day_of
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.people.models import User
from tests import cast
from tests.factories.billing import make_plan

YEARS = ("0001", "0999", "9999", "99999", "-0001")
FIELDS = (
    ("reports.show", {"account_id": cast.BOBS, "name": "days"}, ("from", "to")),
    ("reports.show", {"account_id": cast.BOBS, "name": "consent"}, ("from", "to")),
    ("billing.statement", {"account_id": cast.BOBS}, ("from", "to")),
    ("consent.index", {"account_id": cast.BOBS}, ("since", "until")),
)


@pytest.fixture
def bob_in_kolkata(app, browser):
    """A person whose zone is so far east that the first day of all began before time did."""
    with unit_of_work():
        db.session.get(User, cast.BOB).timezone = "Asia/Kolkata"
        db.session.get(User, cast.PAT).timezone = "Asia/Kolkata"
    return browser(cast.BOB)


@pytest.mark.parametrize("year", YEARS)
def test_a_year_nobody_means_is_refused_in_words_in_every_address(bob_in_kolkata, year):
    for endpoint, where, (first, last) in FIELDS:
        for query in ({first: f"{year}-01-01", last: f"{year}-12-31"}, {last: f"{year}-12-31"}):
            reply = bob_in_kolkata.get(endpoint, status=400, query=query, **where)
            said = reply.text
            assert "is not a day" in said or "check the year" in said, (endpoint, query)


@pytest.mark.parametrize("year", YEARS)
def test_a_year_nobody_means_is_an_error_at_the_field_of_a_form(bob_in_kolkata, browser, year):
    day = f"{year}-01-01"
    files = {"first": day, "last": day, "kind": "csv", "nonce": "n" * 16}
    reply = bob_in_kolkata.post(
        "messaging.ask_text_file", status=422, account_id=cast.BOBS, data=files
    )
    assert reply.page.select("#first-error")
    price = {"name": "Agent", "credits_per_month": "500", "price_cents": "16", "is_offered": "y",
             "next_price_cents": "20", "next_price_on": day}  # fmt: skip
    pat = browser(cast.PAT)
    plan = make_plan()
    reply = pat.post("billing.save_plan", status=422, plan_id=plan.id, data=price)
    assert reply.page.select("#next_price_on-error")


def test_a_day_is_read_and_what_is_none_is_named():
    assert day_of("from", "2026-03-14").isoformat() == "2026-03-14"
    assert day_of("from", "") is None
    for typed, said in (
        ("1899-12-31", "from: check the year"),
        ("3000-01-01", "from: check the year"),
        ("2026-02-30", "from: 2026-02-30 is not a day"),
        ("yesterday", "from: yesterday is not a day"),
    ):
        with pytest.raises(BadInput, match=said):
            day_of("from", typed)
