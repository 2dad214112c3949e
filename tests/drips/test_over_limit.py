"""Plan texts over a daily limit wait, or go at the sender's risk where an officer chose so (S-5)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.doctor.queries import limits as doctor
from portal.doctor.queries.looking import Look
from portal.drips.queries import people as places
from portal.messaging import queries as messaging
from portal.messaging.models import DailyLimit, Message
from portal.messaging.queries import plan_limits
from portal.messaging.rules.allotment import RECIPIENTS, SEGMENTS
from portal.messaging.service import outbox
from portal.messaging.service import plan_limits as service
from portal.messaging.service.planning import plan
from portal.messaging.values import Draft, Fate, Kind, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.drips.conftest import work
from tests.drips.test_people_pages import HERE, look, see
from tests.factories.drips import TEN, enrol, make_drip, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipients, texts
from workers import drips

ORGANIZATION = {"organization_id": cast.JUNIPER}
WHY = "Our agents know the risk and take it"


def choose(*, lets_go):
    with unit_of_work():
        service.set_policy(cast.JUNIPER, lets_go=lets_go, reason=WHY, actor=ALICE_ACTS)


@pytest.fixture
def small(northside, sender, carrier_fake, at):
    """An account that may text two people and ten segments a day."""
    at("2026-03-02 12:00")
    with unit_of_work():
        account_service.set_limits(
            northside.id, daily_recipients=2, daily_segments=10, note="Slow", actor=ALICE_ACTS
        )
    return accounts.account(cast.NORTHSIDE)


def in_order(account, clock):
    db.session.rollback()
    look = Look(account.organization_id, account.id, clock.now)
    return [f.check for check in doctor.CHECKS for f in check.findings(look)] == []


def taken(account):
    db.session.rollback()
    day = db.session.scalars(select(DailyLimit).where(DailyLimit.account_id == account.id)).first()
    return day.recipients, day.recipients_over, day.segments, day.segments_over


class TestTheChoice:
    def test_an_officer_makes_it_with_a_reason_and_it_is_logged(self, vera, alice, northside):
        page = vera.get("messaging.plan_limits", **ORGANIZATION)
        assert "wait for the next day with room" in page.text_of("#holds")
        bad = vera.post("messaging.set_plan_limits", 422, {"over": "go", "reason": "x"}, **ORGANIZATION)  # fmt: skip
        assert "a few words" in bad.text
        assert bad.page.select_one("[name=over][value=go]").has_attr("checked")
        vera.post("messaging.set_plan_limits", 422, {"over": "never", "reason": WHY}, **ORGANIZATION)  # fmt: skip
        vera.post("messaging.set_plan_limits", 303, {"over": "go", "reason": WHY}, **ORGANIZATION)
        page = alice.get("messaging.plan_limits", **ORGANIZATION)
        assert "at the sender's risk" in page.text_of("#holds")
        assert WHY in page.text_of("#history")
        assert not page.page.select("#choose")
        alice.post("messaging.set_plan_limits", 403, {"over": "hold", "reason": WHY}, **ORGANIZATION)  # fmt: skip
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.event == "messaging:plan-limit-policy:set")
        ).all()
        assert [entry.payload["lets_go"] for entry in entries] == [True]


class TestLettingGo:
    def test_plan_texts_leave_over_the_limit_with_a_warning(self, small, alice, clock):
        choose(lets_go=True)
        people = make_recipients(small, 5)
        drip = make_drip(small, [text_step(0, None), text_step(5, TEN)])
        sight = see(small, drip, *people)
        assert (sight.steps[0].goes, sight.steps[0].held, sight.steps[0].over) == (5, 0, 3)
        assert "3 texts go over the limit" in look(alice, drip, *people).text_of("#by-step")
        enrol(small, drip, *people)
        work(small)
        kept = texts(small, kind=Kind.PLAN)
        assert {text.state for text in kept} == {State.ACCEPTED}
        assert [text.passed_limit for text in kept].count(RECIPIENTS) == 3
        assert taken(small) == (2, 3, 2, 3)
        assert in_order(small, clock)
        one = next(text for text in texts(small, kind=Kind.PLAN) if text.passed_limit)
        with unit_of_work():
            db.session.get(Message, one.id).passed_limit = None
        assert not in_order(small, clock)
        with unit_of_work():
            db.session.get(Message, one.id).passed_limit = RECIPIENTS
        assert messaging.counters(small, clock.now).recipients == 5
        assert places.over_limit_today(small, drip.id) == 3
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert "3 texts went over the limit of 2 people or 10 segments today" in page.text
        over = next(text for text in kept if text.passed_limit)
        page = alice.get("messaging.charge", message_id=over.id, **HERE)
        assert "It went over the day's limit of people" in page.text

    def test_segments_are_passed_too_and_then_nothing_else_finds_room(self, small, clock):
        choose(lets_go=True)
        long = make_drip(small, [text_step(0, None, "Juniper: " + "word " * 200)])
        first, second = make_recipients(small, 2)
        enrol(small, long, first, second)
        work(small)
        assert {text.passed_limit for text in texts(small, kind=Kind.PLAN)} == {None, SEGMENTS}
        assert in_order(small, clock)
        for kind in (Kind.ONE_TO_ONE, Kind.BULK):
            planned = plan(small, [first], Draft("Hello there", kind, over_limit="spread"), clock.now)  # fmt: skip
            assert planned.texts[0].outcome is Fate.HELD
            assert planned.texts[0].gate.code == SEGMENTS

    def test_one_off_and_bulk_texts_never_pass(self, small, clock):
        choose(lets_go=True)
        people = make_recipients(small, 4)
        for kind in (Kind.ONE_TO_ONE, Kind.BULK):
            planned = plan(small, people, Draft("Hello there", kind, over_limit="spread"), clock.now)  # fmt: skip
            assert [text.outcome for text in planned.texts] == [Fate.GO] * 2 + [Fate.HELD] * 2
            assert not any(text.passed_limit for text in planned.texts)

    def test_by_default_they_wait_and_the_page_says_until_when(self, small, alice):
        people = make_recipients(small, 5)
        drip = make_drip(small, [text_step(0, None)])
        enrol(small, drip, *people)
        work(small)
        assert taken(small)[1] == 0
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert "3 people are held by a daily limit. The last goes" in page.text
        assert "went over" not in page.text

    def test_a_late_text_passes_today_where_it_may_and_gives_its_own_day_back(self, small, clock):
        people = make_recipients(small, 5)
        drip = make_drip(small, [text_step(0, None)])
        enrol(small, drip, *people)
        work(small)
        late = texts(small, state=State.HELD)
        assert len(late) == 3
        choose(lets_go=True)
        with unit_of_work():
            outbox.move(
                Message.id.in_([text.id for text in late]), State.QUEUED, cause="test",
                reason_code=None, reason=None, held_until=None, not_before=clock.now,
            )  # fmt: skip
        work(small)
        db.session.rollback()
        assert {text.state for text in texts(small, kind=Kind.PLAN)} == {State.ACCEPTED}
        assert taken(small)[:2] == (2, 3)
        assert in_order(small, clock)

    def test_what_has_not_left_when_the_risk_is_taken_back_waits(self, small, clock):
        choose(lets_go=True)
        people = make_recipients(small, 4)
        enrol(small, make_drip(small, [text_step(0, None)]), *people)
        drips.run_plans()
        clock.travel(by=timedelta(minutes=1))
        choose(lets_go=False)
        work(small)
        states = [text.state for text in texts(small, kind=Kind.PLAN)]
        assert (states.count(State.ACCEPTED), states.count(State.HELD)) == (2, 2)
        assert in_order(small, clock)

    def test_what_never_leaves_gives_its_place_back(self, small, clock):
        choose(lets_go=True)
        people = make_recipients(small, 4)
        enrol(small, make_drip(small, [text_step(0, None)]), *people)
        drips.run_plans()
        assert taken(small)[:2] == (2, 2)
        with unit_of_work():
            outbox.end_unsent(
                Message.kind == Kind.PLAN, State.CANCELED, cause="test", code="x", sentence="x"
            )
        assert taken(small) == (0, 0, 0, 0)
        assert in_order(small, clock)


def test_the_choice_holds_for_one_organization_only(northside):
    choose(lets_go=True)
    assert plan_limits.lets_go(cast.JUNIPER)
    assert not plan_limits.lets_go(uuid4())
