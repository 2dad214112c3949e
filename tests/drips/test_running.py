"""A plan runs: every text at its lawful time, once, in order, until something stops it (P-1, P-3)."""

from datetime import UTC, datetime, time, timedelta

import pytest

from portal.consent import service as consent
from portal.contacts import service as contacts
from portal.contacts.values import ContactDetails, NewNumber, Selection
from portal.core.db import db, unit_of_work
from portal.drips.models import DripCount, DripRun
from portal.drips.queries import enrolments as queries
from portal.drips.rules import timing
from portal.drips.service import stopping
from portal.drips.values import Because, EnrolmentState, OnReply, Outcome
from portal.messaging.models import CampaignCount
from portal.messaging.service import bulk_pause
from portal.messaging.values import Kind, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.drips.conftest import work
from tests.factories.drips import (
    TEN,
    enrol,
    make_drip,
    place_of,
    runs,
    task_step,
    text_step,
    wait_step,
)
from tests.factories.messaging import ALICE_ACTS, make_recipient, only_text, texts
from tests.messaging.talks import hear

MAYA = "+13125550142"
NIGHT = time(22)


def five_steps():
    """Five texts over three weeks; the second on a Sunday evening, the fourth at night."""
    return [
        text_step(0, None, "Juniper Realty: hi {first_name|there}. Reply STOP to end."),
        text_step(6, time(19), "two"),
        text_step(7, TEN, "three"),
        text_step(14, NIGHT, "four"),
        text_step(21, TEN, "five"),
    ]


@pytest.fixture
def maya(northside, sender, carrier_fake):
    return make_recipient(northside, number=MAYA, first_name="Maya")


class TestThreeWeeks:
    def test_each_text_goes_once_at_its_lawful_time_and_in_order(
        self, northside, maya, at, days_pass
    ):
        """P-3: Illinois has no Sunday rule of its own, so the federal window holds till 21:00."""
        at("2026-03-02 16:20")
        enrol(northside, make_drip(northside, five_steps()), maya)
        left = days_pass(22, every=timedelta(hours=1))
        assert [body[:5].strip() for _, _, body in left] == [
            "Junip",
            "two",
            "three",
            "four",
            "five",
        ]
        assert left[0][2].startswith("Juniper Realty: hi Maya.")
        by_day = [(f"{when:%d}", when.hour) for when, _, _ in left]
        assert [day for day, _ in by_day] == ["02", "08", "09", "17", "23"]  # four: not by night
        assert all(8 <= hour < 21 for _, hour in by_day)
        assert place_of(northside, maya).state is EnrolmentState.DONE
        assert runs(northside, maya) == [(n, Outcome.QUEUED) for n in range(1, 6)]
        assert len(texts(northside, kind=Kind.PLAN)) == 5

    def test_what_is_held_makes_later_steps_wait_and_take_their_own_time_of_day(
        self, northside, maya, at, days_pass
    ):
        """S-11: re-timed in order, a step a day."""
        at("2026-03-02 12:00")
        drip = make_drip(
            northside,
            [text_step(0, None, "one"), text_step(1, TEN, "two"), text_step(2, TEN, "three")],
        )
        enrol(northside, drip, maya)
        work(northside)
        with unit_of_work():
            account_service.pause(northside.id, reason="A look at it", actor=ALICE_ACTS)
        left = days_pass(4, every=timedelta(hours=1))
        assert [body for _, _, body in left] == ["one"]
        place = place_of(northside, maya)
        assert (place.waits_for, place.state) == ("account_inactive", EnrolmentState.ACTIVE)
        with unit_of_work():
            account_service.resume(northside.id, actor=ALICE_ACTS)
        at("2026-03-07 09:00")
        left = days_pass(3, every=timedelta(minutes=30))
        assert [body for _, _, body in left] == ["one", "two", "three"]
        assert [f"{when:%d %H}" for when, _, _ in left[1:]] == ["07 09", "08 10"]

    def test_a_pause_of_bulk_texts_keeps_steps_back_and_they_go_on_at_their_own_time(
        self, northside, maya, at, days_pass
    ):
        """H-4, S-11: nothing becomes a task or is dropped; each takes its own time of day again."""
        at("2026-03-02 12:00")
        steps = [text_step(0, None, "one"), text_step(1, TEN, "two"), text_step(3, TEN, "three")]
        enrol(northside, make_drip(northside, steps), maya)
        work(northside)
        with unit_of_work():
            bulk_pause.pause(northside.id, "A breach: 3 % opted out.", actor=ALICE_ACTS)
        left = days_pass(4, every=timedelta(hours=1))
        assert [body for _, _, body in left] == ["one"]
        place = place_of(northside, maya)
        assert (place.waits_for, place.state) == ("bulk_paused", EnrolmentState.ACTIVE)
        assert "3 % opted out" in place.waits_words
        with unit_of_work():
            bulk_pause.lift(northside, "Cause was found", actor=ALICE_ACTS)
        at("2026-03-06 17:00")
        left = days_pass(5, every=timedelta(minutes=30))
        assert [f"{body} {when:%d %H}" for when, _, body in left[1:]] == [
            "two 07 10",
            "three 09 10",
        ]

    def test_a_text_over_the_limit_goes_the_next_day_and_the_next_step_behind_it(
        self, northside, sender, at, days_pass
    ):
        """S-5: held to the next day by default; nothing passes the limit (I7)."""
        at("2026-03-02 12:00")
        with unit_of_work():
            account_service.set_limits(
                northside.id, daily_recipients=1, daily_segments=100, note="Go slow",
                actor=ALICE_ACTS,
            )  # fmt: skip
        account = accounts.account(cast.NORTHSIDE)
        people = [make_recipient(account, number=f"+1312555014{n}") for n in range(3)]
        drip = make_drip(account, [text_step(0, None, "one"), text_step(1, TEN, "two")])
        enrol(account, drip, *people)
        work(account)
        held = texts(account, state=State.HELD)
        assert {text.reason_code for text in held} == {"daily_recipients"}
        assert len(held) == 2
        left = days_pass(9, every=timedelta(hours=2))
        by_day = {}
        for when, to, _ in left:
            by_day.setdefault(when.date(), set()).add(to)
        assert max(map(len, by_day.values())) == 1
        for person in people:
            mine = [body for _, to, body in left if to == person.number.e164]
            assert mine == ["one", "two"]


class TestOnce:
    def test_a_sweep_that_runs_twice_takes_a_step_once_and_charges_it_once(
        self, northside, maya, carrier_fake
    ):
        drip = make_drip(northside, [text_step(0, None, "one"), text_step(1, TEN)])
        enrol(northside, drip, maya)
        work(northside)
        work(northside)
        assert [sent.body for sent in carrier_fake.sent[:1]] == ["one"]
        assert len(texts(northside)) == 1
        db.session.rollback()
        run = db.session.query(DripRun).one()
        assert run.id == only_text(northside).id

    def test_what_was_counted_is_what_is_there(self, northside, maya, carrier_fake):
        """M-3: a report by plan reads a row a step and a stage."""
        drip = make_drip(northside, [text_step(0, None, "one"), text_step(1, TEN)])
        enrol(northside, drip, maya)
        work(northside)
        hear(northside, "Tell me more", e164=MAYA)
        db.session.rollback()
        count = db.session.query(DripCount).one()
        assert (count.step_id, count.runs, count.replies) == (drip.steps[0].id, 1, 1)
        assert [c.texts for c in db.session.query(CampaignCount) if c.texts] == [1]

    def test_a_blocked_text_is_listed_with_its_reason_and_the_plan_goes_on(self, northside, sender):
        """C-8, S-11: a plan needs consent in writing."""
        stranger = make_recipient(northside, number=MAYA, method=None)
        drip = make_drip(northside, [text_step(0, None, "one"), text_step(1, TEN)])
        enrol(northside, drip, stranger)
        work(northside)
        text = only_text(northside)
        assert (text.state, text.reason_code, text.kind) == (
            State.BLOCKED, "consent_missing", Kind.PLAN
        )  # fmt: skip
        assert runs(northside, stranger) == [(1, Outcome.BLOCKED)]
        assert place_of(northside, stranger).state is EnrolmentState.ACTIVE

    def test_a_wait_keeps_people_in_the_plan(self, northside, maya, clock):
        drip = make_drip(northside, [text_step(0, None), wait_step(2)])
        enrol(northside, drip, maya)
        work(northside)
        assert place_of(northside, maya).state is EnrolmentState.ACTIVE
        clock.travel(by=timedelta(days=2))
        work(northside)
        work(northside)
        assert place_of(northside, maya).state is EnrolmentState.DONE
        assert runs(northside, maya) == [(1, Outcome.QUEUED), (2, Outcome.PASSED)]


class TestStops:
    @pytest.fixture
    def waiting(self, northside, maya, at):
        """Maya has had one text; the second waits for the morning."""
        at("2026-03-02 12:00")
        steps = [text_step(0, None, "one"), text_step(0, time(22), "two"), text_step(2, TEN)]
        late = make_drip(northside, steps, "Late")
        enrol(northside, late, maya)
        work(northside)
        at("2026-03-02 22:01")
        work(northside)
        assert [text.state for text in texts(northside)] == [State.ACCEPTED, State.HELD]
        return late

    def test_a_stop_ends_plans_cancels_their_texts_and_start_does_not_bring_them_back(
        self, northside, maya, waiting, days_pass
    ):
        """Q-1, Q-2"""
        hear(northside, "STOP", e164=MAYA)
        place = place_of(northside, maya)
        assert (place.state, place.because) == (EnrolmentState.ENDED, Because.OPTED_OUT)
        assert texts(northside)[1].state is State.CANCELED
        assert enrol(northside, waiting, maya).opted_out == 1
        hear(northside, "START", e164=MAYA)
        assert len(days_pass(3, every=timedelta(hours=2))) == 1
        assert enrol(northside, waiting, maya).enrolled == 1

    def test_an_opt_out_stored_as_they_were_enrolled_ends_the_plan_at_its_first_text(
        self, northside, maya, clock
    ):
        """Q-2: one of two at once did not see the other; no e-mail or task follows."""
        enrol(northside, make_drip(northside, [text_step(0, None), task_step(1)]), maya)
        with unit_of_work():
            consent.opt_out(
                northside.tenant, MAYA, at=clock.now, source="keyword", details="", actor=ALICE_ACTS
            )
        work(northside)
        place = place_of(northside, maya)
        assert (place.state, place.because) == (EnrolmentState.ENDED, Because.OPTED_OUT)
        assert only_text(northside).reason_code == "opted_out"
        clock.travel(by=timedelta(days=2))
        work(northside)
        assert runs(northside, maya) == [(1, Outcome.BLOCKED)]

    def test_a_reply_pauses_and_resuming_goes_on_in_order(
        self, northside, maya, waiting, days_pass
    ):
        hear(northside, "Can we talk?", e164=MAYA)
        place = place_of(northside, maya)
        assert (place.state, place.because) == (EnrolmentState.PAUSED, Because.REPLY)
        held = texts(northside)[1]
        assert (held.state, held.reason_code) == (State.HELD, "plan_paused")
        assert len(days_pass(4, every=timedelta(hours=2))) == 1
        with unit_of_work():
            assert stopping.resume(northside.tenant, [place.id], actor=ALICE_ACTS) == 1
        left = days_pass(3, every=timedelta(hours=1))
        assert [body[:3] for _, _, body in left] == ["one", "two", "Jun"]

    @pytest.mark.parametrize(
        ("choice", "state"),
        [(OnReply.END, EnrolmentState.ENDED), (OnReply.GO_ON, EnrolmentState.ACTIVE)],
    )
    def test_a_reply_does_what_the_plan_chooses(self, northside, maya, choice, state):
        drip = make_drip(northside, on_reply=choice, steps=[text_step(0, None), text_step(1)])
        enrol(northside, drip, maya)
        work(northside)
        hear(northside, "Thanks", e164=MAYA)
        assert place_of(northside, maya).state is state

    @pytest.mark.parametrize("texted", [(), (NewNumber(MAYA),)])
    def test_a_reply_from_another_number_of_theirs_is_theirs_too(self, northside, sender, texted):
        """P-1: a person replies, not a number; also one whose number came after they were enrolled."""
        person = make_recipient(northside, first_name="Maya", numbers=texted, method=None)
        enrol(northside, make_drip(northside, [text_step(3)]), person)
        renumber(northside, person, *texted, NewNumber("+13125550177", is_preferred=not texted))
        hear(northside, "Who is this?", e164="+13125550177")
        assert place_of(northside, person).because is Because.REPLY

    def test_words_that_hold_sending_hold_a_plan_whatever_it_does_on_replies(
        self, northside, maya, at, days_pass
    ):
        """Q-4: nothing is written while somebody has to look; it waits."""
        at("2026-03-02 12:00")
        steps = [text_step(0, None, "one"), text_step(1, TEN, "two")]
        enrol(northside, make_drip(northside, steps, on_reply=OnReply.GO_ON), maya)
        work(northside)
        hear(northside, "please stop texting me", e164=MAYA)
        left = days_pass(2, every=timedelta(hours=1))
        assert len(left) == 1 + 1  # and the one text that confirms the hold
        place = place_of(northside, maya)
        assert (place.state, place.waits_for) == (EnrolmentState.ACTIVE, "revocation_hold")

    def test_a_removed_person_gets_nothing_more_and_may_be_enrolled_again(
        self, northside, maya, waiting
    ):
        place = place_of(northside, maya)
        with unit_of_work():
            assert stopping.remove(northside.tenant, [place.id], actor=ALICE_ACTS) == 1
            assert stopping.remove(northside.tenant, [place.id], actor=ALICE_ACTS) == 0
        assert texts(northside)[1].state is State.CANCELED
        assert enrol(northside, waiting, maya).enrolled == 1
        assert enrol(northside, waiting, maya).already == 1

    def test_a_whole_plan_pauses_and_goes_on(self, northside, maya, waiting, days_pass):
        """H-8: one act stops its traffic."""
        how = {"reason": "Too many opt-outs", "actor": ALICE_ACTS}
        with unit_of_work():
            assert stopping.pause_drip(cast.JUNIPER, waiting.id, **how) == 1
            assert stopping.pause_drip(cast.JUNIPER, waiting.id, **how) == 0
        other = make_recipient(northside, number="+13125550143")
        assert enrol(northside, waiting, other).enrolled == 1
        assert len(days_pass(4, every=timedelta(hours=2))) == 1
        with unit_of_work():
            assert stopping.resume_drip(cast.JUNIPER, waiting.id, **how) == 2
        left = days_pass(2, every=timedelta(hours=1))
        assert [body[:3] for _, to, body in left if to == MAYA] == ["one", "two", "Jun"]
        assert "one" in [body for _, to, body in left if to != MAYA]


def test_a_number_that_went_to_somebody_else_in_the_plan_waits_for_them(northside, maya, clock):
    """P-1: a number gets a plan once at a time, and nobody else is kept waiting."""
    other = make_recipient(northside, first_name="Theo", numbers=(), method=None)
    drip = make_drip(northside, [text_step(1)])
    enrol(northside, drip, maya, other)
    with unit_of_work():
        stopping.pause(northside.tenant, [place_of(northside, maya).id], actor=ALICE_ACTS)
    renumber(northside, maya, NewNumber("+13125550177"))
    renumber(northside, other, NewNumber(MAYA))
    clock.travel(by=timedelta(days=1))
    work(northside)
    assert place_of(northside, other).waits_for == "number_in_plan"
    with unit_of_work():
        stopping.remove(northside.tenant, [place_of(northside, maya).id], actor=ALICE_ACTS)
    clock.travel(by=timedelta(minutes=20))
    work(northside)
    assert [(text.e164, text.kind) for text in texts(northside)] == [(MAYA, Kind.PLAN)]


def renumber(account, recipient, *numbers):
    with unit_of_work():
        contacts.edit_contact(
            account.tenant,
            recipient.contact.id,
            ContactDetails(first_name=recipient.contact.first_name, numbers=numbers),
            actor=ALICE_ACTS,
        )


def test_deleting_a_person_cancels_what_waits_and_forgets_their_place(northside, maya, at):
    at("2026-03-02 22:30")
    enrol(northside, make_drip(northside, [text_step(0, None, "one")]), maya)
    work(northside)
    assert only_text(northside).state is State.HELD
    with unit_of_work():
        contacts.delete_contacts(
            northside.tenant, Selection(ids=(maya.contact.id,)), actor=ALICE_ACTS
        )
    assert only_text(northside).state is State.CANCELED
    assert queries.of_contact(northside.tenant, maya.contact.id) == []


@pytest.mark.parametrize(
    ("day", "at_", "started", "due"),
    [
        (0, None, "2026-03-02T18:00", "2026-03-02T18:00"),
        (0, TEN, "2026-03-02T18:00", "2026-03-02T18:00"),  # past by then: at once
        (0, NIGHT, "2026-03-02T18:00", "2026-03-03T04:00"),
        (1, TEN, "2026-03-02T18:00", "2026-03-03T16:00"),
        (7, TEN, "2026-03-02T18:00", "2026-03-09T15:00"),  # the clocks went forward
        (6, time(2, 30), "2026-03-02T18:00", "2026-03-08T08:30"),  # a time they skip
        (1, TEN, "2026-03-03T05:00", "2026-03-03T16:00"),  # 23:00 the day before in Chicago
    ],
)
def test_a_step_is_due_at_its_time_where_the_account_is(day, at_, started, due):
    began = datetime.fromisoformat(started).replace(tzinfo=UTC)
    wanted = datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert timing.due_at(text_step(day, at_), began, "America/Chicago") == wanted
