"""Trouble is told once as it begins; a breach stops bulk and plan texts, and somebody lets them go on (H-4, H-8)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.compliance import queries as compliance
from portal.compliance import service as compliance_service
from portal.compliance.rules.health import Band, thresholds_on
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.messaging.errors import NotPaused, TextRefused
from portal.messaging.models import DailyLimit
from portal.messaging.service import bulk_pause, gate, limits
from portal.messaging.values import State
from portal.notifications.models import Notice
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import rules
from portal.texting_accounts import service as account_service
from portal.texting_accounts.models import TextingAccount
from portal.texting_accounts.rules import RampPolicy
from portal.texting_accounts.values import Cause, RestrictionKind
from tests import cast
from tests.factories.health import went
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    take,
    texts,
)
from tests.factories.stopping import told
from tests.meanwhile import all_at_once
from tests.messaging.composer import HI, Composer, press
from workers import messaging
from workers.sending import drain
from workers.sweeps import release_mended

WHY = "A breach: 3.00 % of 200 texts delivered opted out in the last 7 days."
FOUND = "Bought list, deleted"


def now_of(account):
    db.session.rollback()
    return accounts.account(account.id)


def pause(account, why=WHY, **given):
    with unit_of_work():
        return bulk_pause.pause(account.id, why, actor=SYSTEM, **given)


def lift(account, reason=FOUND):
    with unit_of_work():
        return bulk_pause.lift(account, reason, actor=ALICE_ACTS)


def events(account):
    return [entry.event for entry in audit.entries(account.organization_id)]


def people_told():
    """Return whom notices of health went to, by title."""
    found = {}
    rows = db.session.execute(select(Notice.title, Notice.user_id).where(Notice.kind == "health"))
    for title, user_id in rows:
        found.setdefault(title, set()).add(user_id)
    return found


class TestCrossing:
    def test_each_crossing_is_told_once_to_those_it_concerns(self, bobs, clock):
        """H-4: watch to owner and lead, breach to officers too; the way down says nothing."""
        went(bobs, clock.now, 1_000, opted_out=3)
        assert messaging.watch_health() == 1  # 0.3 %: good
        assert people_told() == {}
        went(bobs, clock.now, 10, opted_out=10, number="+13125550101")
        assert [messaging.watch_health(), messaging.watch_health()] == [1, 0]
        assert people_told() == {"Bob Tran is on watch": {cast.BOB, cast.ALICE}}
        went(bobs, clock.now, 10, opted_out=60, number="+13125550102")
        assert [messaging.watch_health(), messaging.watch_health()] == [1, 0]
        paused = "Bulk and plan texts of Bob Tran are paused"
        assert people_told()[paused] == {cast.BOB, cast.ALICE, cast.VERA}
        assert len(people_told()) == 2
        clock.travel(by=timedelta(days=8))
        messaging.watch_health()
        assert compliance.health_marks(bobs.organization_id)[bobs.id].band is Band.FEW
        assert len(people_told()) == 2
        assert now_of(bobs).bulk_pause  # only a person lets it go on
        assert events(bobs).count("messaging:health:cross") == 3

    def test_what_is_told_leads_to_what_it_comes_from(self, bobs, clock, alice, bob, vera):
        """H-4, H-8: to the ranked causes of this account, over the days that were judged."""
        went(bobs, clock.now, 1_000, opted_out=13)
        messaging.watch_health()
        went(bobs, clock.now, 10, opted_out=60, number="+13125550102")
        messaging.watch_health()
        urls = set(db.session.scalars(select(Notice.url).where(Notice.kind == "health")))
        assert urls == {f"/accounts/{bobs.id}/causes?window=7d"}
        for person in (alice, bob, vera):
            page = person.open("GET", *urls)
            assert page.text_of("h1") == "What causes it"
            assert page.text_of(".segmented [aria-current]") == "7 days"
        lift(bobs)
        assert f"/accounts/{bobs.id}/restriction" in set(db.session.scalars(select(Notice.url)))

    def test_the_pause_is_kept_with_its_figures(self, bobs, clock):
        """H-6: in the history and in the log, with the cause the carrier would name."""
        went(bobs, clock.now, 880, wrong=120)
        messaging.watch_health()
        assert now_of(bobs).bulk_pause == (
            "A breach: 12.00 % of 1,000 sent went wrong in the last 7 days."
        )
        [one] = accounts.restrictions(bobs.tenant, limit=5)
        assert (one.kind, one.cause) == (RestrictionKind.BULK_PAUSE, Cause.HIGH_ERRORS)
        assert "12.00 %" in one.reason
        assert "accounts:bulk:pause" in events(bobs)

    @pytest.mark.parametrize(
        ("delivered", "opted_out", "is_paused"),
        [(199, 100, False), (200, 4, False), (200, 5, False), (200, 6, True), (5, 1, False)],
    )
    def test_only_a_breach_of_enough_texts_pauses(
        self, bobs, clock, delivered, opted_out, is_paused
    ):
        went(bobs, clock.now, delivered, opted_out=opted_out)
        messaging.watch_health()
        assert (now_of(bobs).bulk_pause is not None) is is_paused

    def test_two_sweeps_at_once_tell_and_pause_once(self, app, bobs, northside, clock):
        for account in (bobs, northside):
            went(account, clock.now, 1_000, opted_out=40)
        all_at_once(app, messaging.watch_health, messaging.watch_health)
        assert len(told("are paused")) == len(set(told("are paused"))) + 2  # Alice, Vera: of both
        assert events(bobs).count("accounts:bulk:pause") == 2
        assert len(accounts.restrictions(bobs.tenant, limit=5)) == 1

    def test_where_the_policy_pauses_nothing_a_breach_is_told(self, bobs, clock):
        """H-7: and pauses once the policy says so again."""
        policy(bobs, pauses=False)
        went(bobs, clock.now, 1_000, opted_out=40)
        messaging.watch_health()
        assert now_of(bobs).bulk_pause is None
        assert people_told() == {"Bob Tran is in breach": {cast.BOB, cast.ALICE, cast.VERA}}
        policy(bobs, pauses=True)
        assert messaging.watch_health() == 1
        assert now_of(bobs).bulk_pause

    def test_what_fails_in_one_account_leaves_the_others_their_turn(
        self, bobs, northside, clock, monkeypatch
    ):
        for account in (bobs, northside):
            went(account, clock.now, 1_000, opted_out=40)
        real = bulk_pause.pause

        def pause_of(account_id, why, **given):
            if account_id == northside.id:
                raise RuntimeError
            return real(account_id, why, **given)

        monkeypatch.setattr(bulk_pause, "pause", pause_of)
        assert messaging.watch_health() == 1
        assert now_of(bobs).bulk_pause
        assert now_of(northside).bulk_pause is None


def policy(account, **changed):

    today = accounts.today(account, utcnow())
    with unit_of_work():
        compliance_service.set_thresholds(
            account.organization_id,
            replace(thresholds_on(today), holds_from=today, **changed),
            reason="Advice of counsel",
            today=today,
            actor=SYSTEM,
        )


class TestPause:
    def test_bulk_waits_with_its_why_and_replies_go(self, northside, sender, carrier_fake, clock):
        """H-4, S-11: nothing is dropped, and an answer is not kept back."""
        make_campaign(northside, make_recipients(northside, 3))
        assert pause(northside)
        assert not pause(northside, "Again.")
        assert {(t.state, t.reason_code) for t in texts(northside)} == {(State.HELD, "bulk_paused")}
        assert WHY in texts(northside)[0].reason
        ours = make_recipient(northside, number="+13125550177")
        make_campaign(northside, [ours], one_to_one())
        release_mended()
        drain(str(northside.id))
        assert [sent.to for sent in carrier_fake.sent][:1] == ["+13125550177"]
        assert len({sent.to for sent in carrier_fake.sent}) == 1
        with pytest.raises(TextRefused, match="Bulk and plan texts of this account are paused"):
            make_campaign(now_of(northside), [ours], bulk("Something else"))

    def test_what_a_worker_has_in_hand_is_held_at_the_last_look(
        self, northside, sender, carrier_fake
    ):
        make_campaign(northside, make_recipients(northside, 2))
        claims = take(northside)
        pause(northside)
        with unit_of_work():
            assert gate.clear_many(claims) == []
        assert {t.reason_code for t in texts(northside)} == {"bulk_paused"}

    def test_each_page_of_the_account_says_so(self, alice, bob, bobs):
        pause(bobs)
        for endpoint in ("reports.account_home", "messaging.compose", "drips.index"):
            shown = bob.get(endpoint, account_id=bobs.id)
            assert "Replies go" in shown.text_of("#standstill"), endpoint
        where = bob.get("compliance.restriction", account_id=bobs.id)
        assert "3.00 % of 200" in where.text_of("#bulk-pause")
        assert "team lead or compliance officer" in where.text_of("#who-goes-on")
        bob.post("messaging.lift_bulk_pause", 403, account_id=bobs.id, data={"reason": FOUND})

    def test_the_composer_says_why_and_keeps_what_was_written(self, alice, northside, sender):
        pause(northside)
        where = Composer(alice, northside)(make_recipients(northside, 3), HI)
        page = alice.follow(press(alice, "cost", 303, {"body": HI}, **where))
        assert "Bulk and plan texts of this account are paused" in page.text_of("#refused")
        assert HI in page.text


class TestGoingOn:
    @pytest.fixture
    def northside(self, northside, sender):
        """Its limit is 500, so that a beginning with 200 is less."""
        with unit_of_work():
            return account_service.set_limits(
                northside.id, daily_recipients=500, daily_segments=9_000, note="x", actor=ALICE_ACTS
            )

    def test_what_waited_goes_on_as_far_as_a_new_number_would(
        self, northside, carrier_fake, monkeypatch
    ):
        """H-5, H-8: the limit of the way back holds for what was planned before the pause, too."""

        slow = RampPolicy(rules.POLICIES[0].holds_from, ((0, 2), (3, 4)), 30, 1)
        monkeypatch.setattr(rules, "POLICIES", (slow,))
        make_campaign(northside, make_recipients(northside, 5))
        pause(northside)
        after = lift(northside)
        assert (after.recipients_a_day, after.bulk_pause) == (2, None)
        release_mended()
        drain(str(northside.id))
        sent = [t.state for t in texts(northside) if t.kind != "system"]
        assert sent.count(State.ACCEPTED) == 2
        held = [t for t in texts(northside) if t.state is State.HELD]
        assert {t.reason_code for t in held} == {"daily_recipients"}
        day = db.session.scalars(select(DailyLimit)).one()
        assert day.recipients == 2
        assert "accounts:ramp:begin" in events(northside)

    def test_an_account_of_few_people_a_day_is_slowed_too_and_grows_from_there(
        self, northside, alice, clock
    ):
        """H-8: half of its busy days; today's texts are none of them."""
        today = accounts.today(northside, clock.now)
        with unit_of_work():
            for ago, people in enumerate((500, 90, 110, 0), start=0):
                day = today - timedelta(days=ago)
                limits.lock_day(northside, day)
                db.session.get(DailyLimit, (northside.id, day)).recipients = people
        pause(northside)
        page = alice.get("compliance.restriction", account_id=northside.id)
        assert "begins with 50 % of the people a day it texted before" in page.text_of("#go-on")
        after = lift(northside)
        assert (after.recipients_a_day, after.ramp_start, after.ramp_clean_days) == (50, 50, 0)
        shown = alice.get("texting_accounts.settings", account_id=northside.id).text_of("#ramp")
        assert "begins again after a pause: 50 people a day for now" in shown
        assert "3 more clean days bring 100." in shown
        with unit_of_work():
            limits.lock_day(northside, today + timedelta(days=1))
            db.session.get(DailyLimit, (northside.id, today + timedelta(days=1))).recipients = 25
        clock.travel(by=timedelta(days=2))
        messaging.judge_ramps()
        assert now_of(northside).ramp_clean_days == 1
        with unit_of_work():  # another number is no way around it
            account_service.begin_ramp(northside.id, today=today, actor=SYSTEM)
        assert (now_of(northside).recipients_a_day, now_of(northside).ramp_start) == (50, 50)

    def test_a_number_that_is_new_once_the_ramp_is_over_begins_as_any_new_one(
        self, northside, clock
    ):
        today = accounts.today(northside, clock.now)
        with unit_of_work():
            account_service.begin_ramp(northside.id, today=today, start=50, actor=SYSTEM)
            db.session.execute(
                update(TextingAccount).values(
                    ramp_limit=None, ramp_clean_days=None, ramp_judged_on=None
                )
            )
        with unit_of_work():
            account_service.begin_ramp(northside.id, today=today, actor=SYSTEM)
        assert (now_of(northside).recipients_a_day, now_of(northside).ramp_start) == (200, None)

    def test_what_it_was_paused_for_pauses_it_no_second_time(self, northside, clock):
        went(northside, clock.now, 1_000, opted_out=40)
        messaging.watch_health()
        after = lift(northside)
        assert (after.recipients_a_day, after.ramp_clean_days) == (200, 0)
        for _ in range(3):
            messaging.watch_health()
            assert now_of(northside).bulk_pause is None
            clock.travel(by=timedelta(hours=1))
        went(northside, clock.now, 200, opted_out=6)  # anew
        messaging.watch_health()
        assert "since it was let go on" in now_of(northside).bulk_pause
        assert events(northside).count("accounts:bulk:pause") == 2

    def test_days_of_the_way_back_are_judged_by_what_came_after_it(self, northside, clock):
        """H-5: the breach of last week makes no clean day a bad one."""
        went(northside, clock.now, 1_000, opted_out=40)
        messaging.watch_health()
        lift(northside)
        clock.travel(by=timedelta(days=1))
        today = accounts.today(northside, clock.now)
        with unit_of_work():
            limits.lock_day(northside, today)
            row = db.session.get(DailyLimit, (northside.id, today))
            row.recipients = 150
        clock.travel(by=timedelta(days=1))
        messaging.judge_ramps()
        assert now_of(northside).ramp_clean_days == 1

    def test_it_takes_a_reason_of_a_lead_or_an_officer(self, alice, vera, northside):
        """H-8: typed, kept in the history and the log, and told."""
        pause(northside)
        page = alice.post(
            "messaging.lift_bulk_pause", 422, account_id=northside.id, data={"reason": "done"}
        )
        assert "Give the reason in a few words" in page.text_of("#reason-error")
        assert page.page.select_one("#reason")["value"] == "done"
        vera.post("messaging.lift_bulk_pause", 303, account_id=northside.id, data={"reason": FOUND})
        [one] = accounts.restrictions(northside.tenant, limit=5)
        assert (one.lifted_by, one.lift_note) == ("Vera Okafor", FOUND)
        assert now_of(northside).bulk_pause is None
        assert told("go on")
        again = alice.post(
            "messaging.lift_bulk_pause", 303, account_id=northside.id, data={"reason": FOUND}
        )
        assert "are not paused any more" in alice.follow(again).text
        assert events(northside).count("accounts:bulk:resume") == 1

    def test_nobody_lifts_without_a_reason_or_twice(self, northside):
        pause(northside)
        with pytest.raises(BadInput):
            lift(northside, " ")
        lift(northside)
        with pytest.raises(NotPaused):
            lift(northside)
