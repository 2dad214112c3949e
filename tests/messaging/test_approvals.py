"""A second person looks at a large send before it goes, and nobody approves their own (S-12)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.compliance import service as compliance
from portal.compliance.rules.health import thresholds_on
from portal.core.access import Role
from portal.core.audit import SYSTEM, Actor, AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotAllowed
from portal.messaging import queries
from portal.messaging.errors import ApprovalNeeded, ApprovalSettled, CostChanged, TextRefused
from portal.messaging.models import SendApproval, TextDraft
from portal.messaging.queries import approvals as reads
from portal.messaging.rules import approvals as rules
from portal.messaging.rules.approvals import ApprovalState, Sum
from portal.messaging.service import approvals, planning
from portal.messaging.values import Kind
from portal.notifications.models import Notice
from portal.people.models import Membership, User
from portal.texting_accounts import queries as accounts
from tests import cast
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipients,
    one_to_one,
    texts,
)
from tests.messaging.composer import HI, Composer, buttons, press, stop
from workers.messaging import expire_approvals

VERA_ACTS = Actor(cast.VERA, "Vera Okafor", "127.0.0.1")


@pytest.fixture
def policy(app):
    """Above two people a second person looks."""
    with unit_of_work():
        approvals.set_policy(cast.JUNIPER, 2, reason="We lost a number", actor=VERA_ACTS)


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


@pytest.fixture
def people(northside, sender):
    return make_recipients(northside, 3)


def put(alice, compose, people, body=HI):
    """Write a text to people, see its cost and press the button; return the question."""
    where = compose(people, body)
    page = alice.follow(press(alice, "cost", 303, {"body": body}, **where))
    assert buttons(page) == ["Calculate Cost", "Ask for approval"]
    assert "somebody else approves first: Vera Okafor" in page.text_of("#action-sum")
    reply = press(alice, "send", 303, {"body": body}, **where)
    [asked] = reads.approvals(cast.JUNIPER, [cast.NORTHSIDE], is_open=True)
    assert reply.location.endswith(f"/approvals/{asked.id}")
    return asked


def here(asked):
    return {"account_id": asked.account_id, "asked_id": asked.id}


def approve(vera, asked, status=303):
    shown = vera.get("messaging.approval", **here(asked)).field("shown")
    return vera.post(
        "messaging.answer_approval", status, {"do": "approve", "shown": shown}, **here(asked)
    )


class TestRules:
    @pytest.mark.parametrize(
        ("above", "kind", "people", "is_needed"),
        [
            (None, Kind.BULK, 50_000, False),  # off, as it is by default
            (1_000, Kind.BULK, 1_000, False),
            (1_000, Kind.BULK, 1_001, True),
            (2, Kind.ONE_TO_ONE, 3, False),
        ],
    )
    def test_it_is_needed_above_the_number_and_for_bulk_alone(self, above, kind, people, is_needed):
        assert rules.is_needed(above, kind, people) is is_needed

    def test_nobody_is_their_own_second_person(self):
        assert rules.seconds([cast.ALICE, cast.VERA, cast.ALICE], cast.ALICE) == [cast.VERA]

    def test_what_changed_is_told_in_words(self):
        was = Sum(1_204, 1_204, 3)
        assert Sum(1_204, 1_204, 3).changes(was) == []
        assert Sum(1, 1_190, 3).changes(was) == [
            "1 person texted, 1,204 when asked",
            "1,190 credits to pay, 1,204 when asked",
        ]


class TestPolicy:
    def test_it_is_off_by_default(self, northside, people):
        assert reads.above(cast.JUNIPER) is None
        assert make_campaign(northside, people).people == 3

    def test_an_officer_sets_it_with_a_reason_and_everybody_sees_it(self, vera, alice):
        where = {"organization_id": cast.JUNIPER}
        good = {"above": "1000", "reason": "Carriers watch us"}
        alice.post("messaging.set_approval_policy", 403, good, **where)
        bad = vera.post("messaging.set_approval_policy", 422, good | {"above": "1"}, **where)
        assert "Enter 2 to 50,000" in bad.text
        short = vera.post("messaging.set_approval_policy", 422, good | {"reason": "x"}, **where)
        assert "few words" in short.text
        vera.post("messaging.set_approval_policy", 303, good, **where)
        assert "Above 1,000 people" in alice.get("messaging.all_approvals", **where).text
        vera.post("messaging.set_approval_policy", 303, good | {"above": ""}, **where)
        assert reads.above(cast.JUNIPER) is None
        assert len(reads.policies(cast.JUNIPER)) == 2

    def test_no_way_to_confirm_passes_it(self, northside, people, policy):
        with pytest.raises(ApprovalNeeded):
            make_campaign(northside, people)
        assert texts(northside) == []
        assert make_campaign(northside, people[:2]).people == 2
        assert make_campaign(northside, people[2:], one_to_one()).people == 1


class TestAsking:
    def test_the_send_waits_and_the_second_people_are_told(self, alice, compose, people, policy):
        asked = put(alice, compose, people)
        assert (asked.people, asked.credits, asked.blocked) == (3, 3, 0)
        assert db.session.query(TextDraft).count() == 0
        notices = db.session.query(Notice).filter_by(kind="approval").all()
        assert [(n.user_id, n.title) for n in notices] == [
            (cast.VERA, "Alice Moreno asks to text 3 people")
        ]
        assert billing.balance(cast.NORTHSIDE).reserved == 0  # nothing is charged meanwhile

    def test_a_second_click_asks_nothing_more(self, alice, compose, people, policy):
        where = compose(people, HI)
        press(alice, "cost", 303, {"body": HI}, **where)
        nonce = compose.draft(where).nonce
        for _ in range(2):
            press(alice, "send", 303, {"body": HI, "nonce": nonce}, **where)
        assert db.session.query(SendApproval).count() == 1

    def test_a_lead_of_the_account_may_approve_what_an_agent_asked(self, bob, bobs, policy, alice):
        make_ready(bobs)
        where = Composer(bob, bobs)(make_recipients(bobs, 3), HI)
        press(bob, "cost", 303, {"body": HI}, **where)
        press(bob, "send", 303, {"body": HI}, **where)
        [asked] = reads.approvals(cast.JUNIPER, [cast.BOBS], is_open=True)
        assert set(approvals.second_people(bobs, cast.BOB)) == {cast.ALICE, cast.VERA}
        bob.post("messaging.answer_approval", 403, {"do": "approve"}, **here(asked))
        approve(alice, asked)
        assert len(texts(bobs)) == 3

    def test_where_nobody_else_is_a_typed_reason_is_logged(
        self, alice, compose, people, northside, policy
    ):
        db.session.get(Membership, (cast.JUNIPER, cast.VERA)).role = Role.AGENT
        db.session.commit()
        where = compose(people, HI)
        page = alice.follow(press(alice, "cost", 303, {"body": HI}, **where))
        assert buttons(page) == ["Calculate Cost", "Send"]
        assert "there is none for this account" in page.text_of("#plan")
        bad = press(alice, "send", 422, {"body": HI}, **where)
        assert "few words" in bad.text_of("#alone_because-error")
        data = {"body": HI, "alone_because": "Vera is on leave"}
        press(alice, "send", 303, data, **where)
        assert len(texts(northside)) == 3
        [entry] = db.session.query(AuditEntry).filter_by(event="messaging:campaign:confirm")
        assert entry.payload["alone_because"] == "Vera is on leave"

    def test_who_has_a_second_person_can_not_go_alone(self, northside, policy):
        with pytest.raises(ApprovalNeeded):
            approvals.alone(northside, "I am in a hurry", actor=ALICE_ACTS)
        with pytest.raises(BadInput):
            approvals.set_policy(cast.JUNIPER, 1, reason="A good reason", actor=VERA_ACTS)


class TestAnswering:
    def test_an_approved_send_goes_as_its_author_s(self, alice, vera, compose, people, policy):
        asked = put(alice, compose, people)
        page = vera.get("messaging.approval", **here(asked))
        assert "Alice Moreno" in page.text
        assert "Too few texts were delivered in 30 days" in page.text_of("#forecast")
        today = accounts.today(northside := cast.account(cast.NORTHSIDE), utcnow())
        with unit_of_work():  # H-7
            compliance.set_thresholds(
                northside.organization_id,
                replace(thresholds_on(today), holds_from=today, long_days=45),
                reason="Advice of counsel", today=today, actor=SYSTEM,
            )  # fmt: skip
        page = vera.get("messaging.approval", **here(asked))
        assert "Too few texts were delivered in 45 days" in page.text_of("#forecast")
        approve(vera, asked)
        sent = texts(cast.account(cast.NORTHSIDE))
        assert {text.created_by for text in sent} == {cast.ALICE}
        done = reads.approval_or_404(asked.tenant, asked.id)
        assert (done.state, done.decided_by) == (ApprovalState.APPROVED, "Vera Okafor")
        assert queries.campaign(asked.tenant, done.campaign_id).people == 3
        [entry] = db.session.query(AuditEntry).filter_by(event="messaging:campaign:confirm")
        assert entry.payload["approved_by"] == "Vera Okafor"
        told = db.session.query(Notice).filter_by(user_id=cast.ALICE, kind="approval").one()
        assert told.title == "Your send was approved"

    def test_nobody_approves_or_rejects_their_own(self, alice, compose, people, policy):
        asked = put(alice, compose, people)
        assert "Withdraw and write on" in alice.get("messaging.approval", **here(asked)).text
        for do in ("approve", "reject"):
            data = {"do": do, "shown": "x", "reason": "It is fine"}
            alice.post("messaging.answer_approval", 403, data, **here(asked))
        assert texts(cast.account(cast.NORTHSIDE)) == []

    def test_what_changed_meanwhile_is_shown_before_it_goes(
        self, alice, vera, compose, people, northside, policy
    ):
        asked = put(alice, compose, people)
        shown = vera.get("messaging.approval", **here(asked)).field("shown")
        stop(northside, people[0])
        data = {"do": "approve", "shown": shown}
        stale = vera.post("messaging.answer_approval", 409, data, **here(asked))
        assert "The cost has changed" in stale.text
        assert "2 people texted, 3 when asked; 1 person left out, 0 when asked" in stale.text
        assert texts(northside) == []
        approve(vera, asked)
        assert sorted(text.state.value for text in texts(northside)) == [
            "blocked", "queued", "queued",
        ]  # fmt: skip

    def test_a_no_needs_its_reason_and_gives_the_text_back(
        self, alice, vera, compose, people, policy
    ):
        asked = put(alice, compose, people)
        bad = vera.post("messaging.answer_approval", 422, {"do": "reject"}, **here(asked))
        assert "few words" in bad.text_of("#reason-error")
        data = {"do": "reject", "reason": "Too soon after the last"}
        vera.post("messaging.answer_approval", 303, data, **here(asked))
        [draft] = db.session.query(TextDraft)
        assert (draft.author_id, draft.body, len(draft.contact_ids)) == (cast.ALICE, HI, 3)
        assert "Too soon after the last" in alice.get("messaging.approval", **here(asked)).text
        vera.post("messaging.answer_approval", 409, data, **here(asked))

    def test_its_author_can_withdraw_it_and_nobody_else(
        self, alice, vera, compose, people, northside, policy
    ):
        asked = put(alice, compose, people)
        with pytest.raises(NotAllowed), unit_of_work():
            approvals.withdraw(northside, asked.id, actor=VERA_ACTS)
        reply = alice.post("messaging.withdraw_approval", 303, {}, **here(asked))
        page = alice.follow(reply)
        assert page.field("body") == HI
        with pytest.raises(ApprovalSettled), unit_of_work():
            approvals.approve(northside, asked.id, shown_key="x", actor=VERA_ACTS)

    def test_after_three_days_it_expires_and_the_text_comes_back(
        self, alice, vera, compose, people, policy, clock
    ):
        asked = put(alice, compose, people)
        assert expire_approvals() == 0
        clock.travel(by=timedelta(days=3, minutes=1))
        cast.sign_in(vera.client, cast.VERA)
        late = vera.post(
            "messaging.answer_approval", 409, {"do": "approve", "shown": "x"}, **here(asked)
        )
        assert "Expired already" in late.text
        assert (expire_approvals(), expire_approvals()) == (1, 0)
        assert db.session.query(TextDraft).count() == 1
        assert reads.approval_or_404(asked.tenant, asked.id).state is ApprovalState.EXPIRED

    def test_who_lost_the_account_meanwhile_sends_nothing(
        self, alice, compose, people, northside, policy
    ):
        asked = put(alice, compose, people)
        db.session.get(User, cast.ALICE).active = False
        db.session.commit()
        with pytest.raises(TextRefused), unit_of_work():
            approvals.approve(northside, asked.id, shown_key="x", actor=VERA_ACTS)
        assert reads.approval_or_404(asked.tenant, asked.id).state is ApprovalState.ASKED

    def test_a_time_that_has_passed_is_now(
        self, alice, vera, compose, people, policy, clock, northside
    ):
        where = compose(people, HI)
        later = {"body": HI, "when": "later", "send_date": "2026-03-03", "send_time": "10:00"}
        press(alice, "cost", 303, later, **where)
        press(alice, "send", 303, later, **where)
        [asked] = reads.approvals(cast.JUNIPER, [cast.NORTHSIDE], is_open=True)
        assert asked.to_send(clock.now).send_at == asked.send_at
        clock.travel(by=timedelta(days=1, hours=2))
        cast.sign_in(vera.client, cast.VERA)
        assert "Its time has passed." in vera.get("messaging.approval", **here(asked)).text
        approve(vera, asked)
        assert {text.state.value for text in texts(northside)} == {"queued"}

    def test_where_credits_went_meanwhile_it_stays_open(
        self, alice, vera, compose, people, policy, northside
    ):
        asked = put(alice, compose, people)
        planned = planning.plan(northside, people, bulk(HI), asked.asked_at)
        with pytest.raises(CostChanged), unit_of_work():
            approvals.approve(northside, asked.id, shown_key=planned.key + "x", actor=VERA_ACTS)
        assert reads.open_approvals(cast.JUNIPER) == 1


def test_the_queue_lists_what_waits_and_what_was_decided(alice, vera, compose, people, policy):
    asked = put(alice, compose, people)
    where = {"organization_id": cast.JUNIPER}
    assert HI in vera.get("messaging.all_approvals", **where).text_of("#waiting")
    assert HI in alice.get("messaging.approvals", account_id=asked.account_id).text_of("#waiting")
    data = {"do": "reject", "reason": "Not this week"}
    vera.post("messaging.answer_approval", 303, data, **here(asked))
    page = vera.get("messaging.all_approvals", **where)
    assert "Vera Okafor: Not this week" in page.text_of("#decided")
    vera.post("messaging.answer_approval", 400, {"do": "x"}, **here(asked))
