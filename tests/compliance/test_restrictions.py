"""What restricts an account: learnt or entered, named on its pages, lifted with a reason (A-1, H-6)."""

import json

import pytest
from sqlalchemy import select

from portal.compliance import service as compliance
from portal.compliance.rules.advice import STEPS
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.integrations.models import WebhookDelivery
from portal.integrations.values import Event
from portal.texting_accounts import queries
from portal.texting_accounts import service as accounts
from portal.texting_accounts.errors import AccountClosed, WrongState
from portal.texting_accounts.values import CAUSE_LABELS, Cause, RestrictionKind
from tests import cast
from tests.factories.integrations import make_endpoint
from tests.factories.stopping import told

WORDS = "Mail of 2 March, ticket 4711: 13 % errors"
ENTERED = {"cause": "high_error_rate", "words": WORDS}


def history(account):
    return queries.restrictions(account.tenant, limit=50)


def suspend(account, reason="The carrier has suspended it (30002).", **given):
    with unit_of_work():
        return compliance.suspend(account, reason, actor=SYSTEM, **given)


def steps_of(account):
    return [entry.event for entry in audit.entries(account.organization_id)]


def test_an_officer_enters_what_the_carrier_wrote_and_everything_stops(vera, bob, bobs):
    """A-1: with the carrier's reason; owner, leads and officers are told once."""
    vera.post("compliance.enter_suspension", account_id=bobs.id, data=ENTERED)
    now = queries.account(bobs.id)
    assert (now.is_active, now.state_reason) == (False, f"High error rate. {WORDS}")
    [one] = history(bobs)
    assert (one.kind, one.cause, one.set_by) == (
        RestrictionKind.SUSPENSION,
        Cause.HIGH_ERRORS,
        "Vera Okafor",
    )
    assert set(told("suspended your account")) == {cast.BOB, cast.ALICE, cast.VERA}
    assert steps_of(bobs)[-1] == "accounts:account:suspend"
    page = bob.get("compliance.restriction", account_id=bobs.id)
    assert "ticket 4711" in page.text_of("#sending-state")
    assert "Find the codes behind the errors" in page.text_of("#todo")
    assert "A team lead or compliance officer lifts" in page.text_of("#who-lifts")


def test_each_page_of_the_account_names_the_suspension_with_the_way_on(bob, bobs):
    """A-1: the account's pages say so, with what to do next."""
    suspend(bobs)
    for endpoint in (
        "reports.account_home",
        "contacts.index",
        "messaging.compose",
        "numbers.index",
    ):
        shown = bob.get(endpoint, account_id=bobs.id)
        assert "(30002). Nothing is sent" in shown.text_of("#standstill"), endpoint
        assert shown.page.select_one(f'#standstill a[href="/accounts/{bobs.id}/appeals"]')
    with unit_of_work():
        compliance.lift_suspension(bobs, "Lifted", actor=SYSTEM)
    assert "(30002)" not in bob.get("contacts.index", account_id=bobs.id).text


def test_the_reason_of_one_the_portal_learnt_is_kept_later(vera, bobs):
    """A code carries no reason: the officer adds it, and nobody is told of a second stop."""
    suspend(bobs)
    assert [one.cause_label for one in history(bobs)] == ["Not said yet"]
    page = vera.get("compliance.restriction", account_id=bobs.id)
    assert "Look for the carrier" in page.text_of("#todo")
    vera.post("compliance.enter_suspension", account_id=bobs.id, data=ENTERED)
    [one] = history(bobs)
    assert (one.cause, one.set_by) == (Cause.HIGH_ERRORS, "system")
    assert len(told("suspended your account")) == 3
    assert steps_of(bobs)[-1] == "accounts:account:explain"


def test_it_is_lifted_with_what_the_carrier_said(alice, bob, bobs):
    """A-1: no dead end; a lead lifts it with a reason, and an agent can't."""
    suspend(bobs)
    where = {"account_id": bobs.id}
    bob.post("messaging.lift_suspension", 403, **where, data={"carrier_note": "x"})
    refused = alice.post("messaging.lift_suspension", 422, **where, data={"carrier_note": " "})
    assert "Say what the carrier told you" in refused.text
    alice.post("messaging.lift_suspension", **where, data={"carrier_note": "Mail of today"})
    after = queries.account(bobs.id)
    assert after.is_active
    assert after.ramp_limit is not None  # as slowly as after a pause (H-8)
    assert "accounts:ramp:begin" in steps_of(bobs)
    [one] = history(bobs)
    assert (one.lifted_by, one.lift_note) == ("Alice Moreno", "Mail of today")
    again = alice.post("messaging.lift_suspension", **where, data={"carrier_note": "Twice"})
    assert "is not suspended any more" in alice.follow(again).text
    assert len(told("suspension is lifted")) == 3


def test_the_history_keeps_every_restriction_with_who_and_why(alice, bobs):
    """H-6: a pause, what followed it, and the end; one of a kind holds at a time."""
    with unit_of_work():
        accounts.pause(bobs.id, reason="Holiday", actor=SYSTEM)
    suspend(bobs, cause=Cause.CONSENT)
    assert suspend(bobs) is False
    with unit_of_work():
        compliance.lift_suspension(bobs, "Appeal granted", actor=SYSTEM)
        accounts.resume(bobs.id, actor=SYSTEM)
        accounts.close(bobs.id, reason="Left", actor=SYSTEM)
    kept = history(bobs)
    assert kept[0].kind is RestrictionKind.CLOSING
    assert sorted(((one.kind.value, one.reason, one.lift_note) for one in kept[1:]), key=str) == [
        ("pause", "Holiday", "Suspended instead."),
        ("pause", "Holiday", None),
        ("suspension", "The carrier has suspended it (30002).", "Appeal granted"),
    ]
    assert len(kept) == 4
    shown = alice.get("compliance.restriction", account_id=bobs.id)
    assert "Appeal granted" in shown.text_of("#history")


def test_a_pause_that_a_suspension_took_the_place_of_holds_again(alice, bobs):
    """H-6: who paused the account, or the alarm that did, was not asked by the carrier's yes."""
    with unit_of_work():
        accounts.pause(bobs.id, reason="A second SID for one text", actor=SYSTEM)
    suspend(bobs)
    where = {"account_id": bobs.id}
    lifted = alice.post(
        "messaging.lift_suspension", **where, data={"carrier_note": "Mail of today"}
    )
    assert "It was paused before that" in alice.follow(lifted).text
    after = queries.account(bobs.id)
    assert (after.state_label, after.state_reason) == ("Paused", "A second SID for one text")
    newest = history(bobs)[0]
    assert (newest.kind, newest.lifted_at) == (RestrictionKind.PAUSE, None)
    assert [one.lift_note for one in history(bobs) if one.kind is RestrictionKind.SUSPENSION] == [
        "Mail of today"
    ]
    with unit_of_work():
        accounts.resume(bobs.id, actor=SYSTEM)
    suspend(bobs)
    alice.post("messaging.lift_suspension", **where, data={"carrier_note": "Mail of tomorrow"})
    assert queries.account(bobs.id).is_active


def test_an_account_that_was_never_restricted_says_so(bob, bobs):
    shown = bob.get("compliance.restriction", account_id=bobs.id)
    assert "Never restricted" in shown.text_of("#history")
    assert not shown.page.select("form[action*=restriction]")
    assert shown.texts_of("nav [aria-current=page]") == ["Settings"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cause": "", "words": WORDS}, "Choose the reason"),
        ({"cause": "weather", "words": WORDS}, "Choose one of the list"),
        ({"cause": "other", "words": "  "}, "Write what it said"),
        ({"cause": "other", "words": "x" * 401}, "at most 400"),
    ],
)
def test_what_is_missing_is_named_and_nothing_typed_is_lost(vera, bobs, given, words):
    refused = vera.post("compliance.enter_suspension", 422, account_id=bobs.id, data=given)
    assert words in refused.text
    assert given["words"].strip() in refused.text
    assert queries.account(bobs.id).is_active


def test_a_closed_account_is_not_suspended(bobs):
    with unit_of_work():
        accounts.close(bobs.id, actor=SYSTEM)
    assert suspend(bobs) is False
    with pytest.raises(AccountClosed), unit_of_work():
        accounts.explain_suspension(bobs.id, "x", Cause.OTHER, actor=SYSTEM)


def test_a_reason_is_kept_for_a_suspension_alone(bobs):
    with pytest.raises(WrongState), unit_of_work():
        accounts.explain_suspension(bobs.id, "x", Cause.OTHER, actor=SYSTEM)


def test_only_officers_enter_one(alice, bob, bobs):
    for person in (alice, bob):
        person.post("compliance.enter_suspension", 403, account_id=bobs.id, data=ENTERED)


def test_every_reason_has_its_steps():
    assert set(STEPS) == {None, *Cause}
    assert set(CAUSE_LABELS) == set(Cause)


def test_programs_are_told_of_both_ends(bobs):
    """SPEC 14: the outgoing webhook `suspension`."""
    make_endpoint(bobs, events=(Event.SUSPENSION,))
    suspend(bobs, cause=Cause.HIGH_OPT_OUTS)
    with unit_of_work():
        compliance.lift_suspension(bobs, "Mended", actor=SYSTEM)
    bodies = [json.loads(body) for body in db.session.scalars(select(WebhookDelivery.body))]
    assert {(b["data"]["state"], b["data"]["cause"], b["data"]["reason"]) for b in bodies} == {
        ("suspended", "high_opt_out_rate", "The carrier has suspended it (30002)."),
        ("lifted", None, "Mended"),
    }


def test_a_suspended_account_leads_to_its_appeal(bob, bobs):
    """A-1: what to do next ends with the appeal; there is none where nothing is suspended."""
    assert not bob.get("compliance.restriction", account_id=bobs.id).page.select("#appeal")
    suspend(bobs)
    shown = bob.get("compliance.restriction", account_id=bobs.id)
    assert shown.page.select_one(f'#appeal a[href="/accounts/{bobs.id}/appeals"]')
