"""Role homes and the set-up checklist (X-7)."""

import pytest

from portal.core import audit
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.texting_accounts import service as accounts
from tests import cast


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
