"""Role homes and the set-up checklist (X-7)."""

from datetime import timedelta

import pytest

from portal.consent import service as consent
from portal.consent.values import Method, NewConsent
from portal.core import audit
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.consent import stop


def steps(page):
    return [
        item["class"][1].removeprefix("checklist__item--")
        for item in page.page.select(".checklist__item")
    ]


def test_a_new_account_has_everything_still_to_do(alice):
    page = alice.get("reports.account_home", account_id=cast.NORTHSIDE)
    assert steps(page) == ["todo"] * 6
    assert "0 of 6 done" in page.text
    words = [
        "Buy a plan",
        "Set up a number",
        "Import the opt-outs of your old tool",
        "Import your contacts",
        "Record consent",
        "Send your first text",
    ]
    assert all(word in page.text for word in words)
    assert all(link["href"].startswith("/accounts/") for link in page.page.select(".checklist a"))


def test_the_home_is_the_current_accounts(alice):
    alice.get("reports.account_home", account_id=cast.BOBS)
    assert "Bob Tran" in alice.get("reports.home").text_of(".account-switch")
    alice.get("reports.account_home", account_id=cast.NORTHSIDE)
    assert "Northside" in alice.get("reports.home").text_of(".account-switch")


def test_an_agent_begins_in_the_own_account(bob):
    assert "Bob Tran" in bob.get("reports.home").text_of(".account-switch")


def test_the_officer_sees_the_whole_organization(vera):
    with unit_of_work():
        accounts.suspend(cast.BOBS, "Carrier error 30034", SYSTEM)
    page = vera.get("reports.home")
    assert "Northside" in page.text
    assert "Carrier error 30034" in page.text
    assert "1 not sending" in page.text
    assert "Verified just now" in page.text
    assert "do-not-call list" in page.text


def tile(officer, words):
    tiles = officer.get("reports.home").page.select(".stat")
    return next(one for one in tiles if words in one.text)


def figure(officer, words):
    return tile(officer, words).select_one(".stat__value").text.strip()


def test_the_officer_sees_the_opt_outs_of_seven_days_and_no_old_list(browser, northside, clock):
    """M-3: from the running counts; what an old tool's list brought is no news of this week."""
    stop(northside, "+13125550101", at=clock.now)
    clock.travel(by=timedelta(days=1))
    stop(northside, "+13125550102", at=clock.now)
    with unit_of_work():
        old = NewConsent("+13125550103", Method.LIST, idempotency_key="list:1")
        consent.opt_out_many(northside.tenant, [old], import_id=None, actor=SYSTEM)
    vera = browser(cast.VERA)
    assert figure(vera, "7 days") == "2"
    assert "1 today" in tile(vera, "7 days").text
    clock.travel(by=timedelta(days=8))
    assert figure(browser(cast.VERA), "7 days") == "0"


def test_the_officers_own_list_is_counted_as_far_as_it_costs_nothing(vera, monkeypatch):
    """G13: a list of millions costs as much as one of thousands."""
    for place in range(3):
        with unit_of_work():
            consent.add_do_not_contact(
                cast.JUNIPER, f"+1312555010{place}", reason="Asked", actor=SYSTEM
            )
    assert figure(vera, "Do not contact") == "3"
    for module in ("values", "queries.homes"):
        monkeypatch.setattr(f"portal.reports.{module}.COUNTED_UP_TO", 1)
    assert figure(vera, "Do not contact") == "1+"


def test_the_officer_is_told_when_the_log_was_changed(vera):
    """C-5."""
    with unit_of_work():
        accounts.pause(cast.BOBS, reason="x", actor=SYSTEM)
        audit.record("test:thing:happen", actor=SYSTEM, organization_id=cast.JUNIPER)
    with unit_of_work():
        db.session.query(AuditEntry).filter_by(chain=cast.JUNIPER, position=1).update(
            {"actor_label": "me"}
        )
    assert "The audit log does not hold" in vera.get("reports.home").text


def test_the_administrator_sees_the_installation_and_no_account(pat):
    page = pat.get("reports.home")
    assert "Juniper Realty" in page.text
    assert "No worker is running" in page.text
    assert not page.page.select(".account-switch[popovertarget]")


@pytest.mark.parametrize("account_id", [cast.NORTHSIDE, cast.BOBS])
def test_the_officer_looks_into_an_account_and_leaves_it(vera, account_id):
    vera.get("reports.account_home", account_id=account_id)
    assert "All accounts" in vera.get("reports.home").text_of(".account-switch")
