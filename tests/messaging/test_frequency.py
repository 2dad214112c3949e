"""Nobody gets more texts in 24 hours than their state allows, from whichever number (S-2, S-11)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from portal.compliance import service as hours_service
from portal.compliance.rules.policy import Edit
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.models import Message
from portal.messaging.service import asking, campaigns, planning
from portal.messaging.values import Fate, Kind, State
from tests import cast
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
    texts,
)
from tests.messaging.composer import Composer, buttons
from tests.messaging.talks import hear
from workers.sending import drain

MIAMI, CHICAGO = "+13055550142", "+13125550142"
CAP = "frequency_cap"


def words(number):
    return f"Open house number {number} on Saturday at 2."


def send(account, person, number, kind=bulk):
    campaign = make_campaign(account, [person], kind(words(number)))
    drain(str(account.id))
    return campaign


def sent_three(account, person, clock):
    """Text somebody three times, an hour apart; return when the first is a day old."""
    for number in range(3):
        send(account, person, number)
        clock.travel(by=timedelta(hours=1))
    return a_day_after_the_first(account)


def a_day_after_the_first(account, **where):
    return texts(account, **where)[0].submitted_at + timedelta(hours=24)


def questions(account, people, clock):
    """Return how many statements a plan for these people asks."""
    asked = []

    def note(*told):
        asked.append(told[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        planning.plan(account, people, bulk(), clock.now)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(asked)


class TestPlanning:
    def test_the_fourth_text_in_a_day_waits_until_the_first_is_a_day_old(
        self, northside, sender, carrier_fake, clock
    ):
        person = make_recipient(northside, MIAMI)
        free_at = sent_three(northside, person, clock)
        plan = planning.plan(northside, [person], bulk(words(4)), clock.now)
        [text] = plan.texts
        assert (text.outcome, text.gate.code) == (Fate.HELD, CAP)
        assert text.not_before == free_at == text.gate.held_until
        assert text.gate.sentence == (
            "Florida rule: at most 3 texts to one person in 24 hours, from all numbers of your "
            "organization together (Fla. Stat. 501.616(6) and 501.059)."
        )
        assert (text.gate.rule.is_cap, text.gate.rule.place) == (True, "the area code")
        assert (text.gate.fix_endpoint, text.gate.fix_label) == ("compliance.hours", "See the rule")

    def test_elsewhere_nothing_is_capped(self, northside, sender, carrier_fake, clock):
        person = make_recipient(northside, CHICAGO)
        sent_three(northside, person, clock)
        assert planning.plan(northside, [person], bulk(words(4)), clock.now).go == 1

    def test_what_waits_to_leave_counts_as_well(self, northside, sender, clock):
        """Four campaigns confirmed at once: the last is told now, not at the last look."""
        person = make_recipient(northside, MIAMI)
        for number in range(3):
            make_campaign(northside, [person], bulk(words(number)))
        now = clock.now
        [text] = planning.plan(northside, [person], bulk(words(4)), now).texts
        assert (text.gate.code, text.not_before) == (CAP, now + timedelta(hours=24))

    def test_texts_of_a_paused_campaign_have_no_time_and_do_not_count(
        self, northside, sender, clock
    ):
        person = make_recipient(northside, MIAMI)
        for number in range(3):
            campaign = make_campaign(northside, [person], bulk(words(number)))
            with unit_of_work():
                campaigns.pause(northside.tenant, campaign.id, actor=ALICE_ACTS)
        assert planning.plan(northside, [person], bulk(words(4)), clock.now).go == 1

    def test_a_hand_typed_text_is_capped_and_an_answer_is_not(
        self, northside, sender, carrier_fake, clock
    ):
        person = make_recipient(northside, MIAMI)
        sent_three(northside, person, clock)
        assert planning.plan(northside, [person], one_to_one(), clock.now).held == 1
        hear(northside, "Tell me more", MIAMI)
        assert planning.plan(northside, [person], one_to_one(), clock.now).go == 1
        assert planning.plan(northside, [person], bulk(), clock.now).held == 1

    def test_answers_take_nothing_of_the_cap(self, northside, sender, carrier_fake, clock):
        person = make_recipient(northside, MIAMI)
        hear(northside, "Tell me more", MIAMI)
        for number in range(4):
            send(northside, person, number, one_to_one)
        assert {text.state for text in texts(northside)} == {State.ACCEPTED}
        assert planning.plan(northside, [person], bulk(), clock.now).go == 1

    def test_where_it_is_night_by_then_it_waits_for_the_morning_as_well(
        self, northside, sender, carrier_fake, clock
    ):
        """Three were typed at 20:30 in Florida; a bulk text a day later is after 20:00."""
        person = make_recipient(northside, MIAMI)
        clock.travel(to=datetime(2026, 3, 3, 1, 30, tzinfo=UTC))
        for number in range(3):
            send(northside, person, number, one_to_one)
        clock.travel(to=datetime(2026, 3, 3, 15, tzinfo=UTC))
        [text] = planning.plan(northside, [person], bulk(words(4)), clock.now).texts
        assert text.gate.code == CAP
        assert text.not_before == datetime(2026, 3, 4, 13, tzinfo=UTC)  # 08:00 there

    def test_people_of_one_cap_are_one_line_that_says_when_the_first_goes(
        self, northside, sender, carrier_fake, clock
    ):
        people = [make_recipient(northside, MIAMI), make_recipient(northside, "+13055550143")]
        for person in people:
            for number in range(3):
                send(northside, person, number)
            clock.travel(by=timedelta(hours=1))
        [reason] = planning.plan(northside, people[::-1], bulk(words(4)), clock.now).reasons
        free_at = a_day_after_the_first(northside, e164=MIAMI)
        assert (reason.count, reason.gate.held_until) == (2, free_at)

    def test_nobody_costs_a_question_of_their_own_and_who_has_no_cap_none(
        self, northside, sender, clock
    ):
        people = make_recipients(northside, 40)
        capped = [make_recipient(northside, f"+1305555{n:04d}") for n in range(40)]
        planning.plan(northside, people, bulk(), clock.now)  # what is read once a process
        assert questions(northside, capped, clock) == questions(northside, people, clock) + 1


class TestLastLook:
    def test_what_was_sent_meanwhile_from_another_number_of_the_organization_counts(
        self, northside, sender, bobs, carrier_fake, clock
    ):
        """Both accounts confirmed when nobody had been texted; the fourth meets the cap (3.8)."""
        make_ready(bobs)
        here, there = make_recipient(northside, MIAMI), make_recipient(bobs, MIAMI)
        for number in range(2):
            make_campaign(northside, [here], bulk(words(number)))
        for number in range(2, 4):
            make_campaign(bobs, [there], bulk(words(number)))
        db.session.query(Message).update(
            {"held_until": None, "state": State.QUEUED, "not_before": clock.now}
        )
        db.session.commit()
        drain(str(northside.id))
        drain(str(bobs.id))
        assert [text.state for text in texts(northside)] == [State.ACCEPTED, State.ACCEPTED]
        assert sorted(text.state for text in texts(bobs)) == [State.ACCEPTED, State.HELD]
        [held] = texts(bobs, state=State.HELD)
        assert (held.reason_code, held.held_until) == (CAP, a_day_after_the_first(northside))
        assert held.hours == {"cap": 3, "rule": "FL", "by": "area code", "table": "2026-03-02"}

    def test_held_texts_go_one_by_one_as_the_day_moves_on(
        self, northside, sender, carrier_fake, clock
    ):
        person = make_recipient(northside, MIAMI)
        for number in range(5):
            make_campaign(northside, [person], bulk(words(number)))
        drain(str(northside.id))
        assert len(carrier_fake.sent) == 3 + 1  # and the free first notice
        clock.travel(by=timedelta(hours=24, minutes=1))
        drain(str(northside.id))
        assert {text.state for text in texts(northside)} == {State.ACCEPTED}

    def test_two_ends_of_one_long_text_are_one_text(self, northside, sender, carrier_fake, clock):
        person = make_recipient(northside, MIAMI)
        for number in range(2):
            send(northside, person, number)
        long = " ".join(f"House {n} is open on Saturday." for n in range(80))
        make_campaign(northside, [person], bulk(long))
        drain(str(northside.id))
        drain(str(northside.id))
        assert {text.state for text in texts(northside)} == {State.ACCEPTED}
        assert planning.plan(northside, [person], bulk(words(9)), clock.now).held == 1

    def test_who_wrote_since_is_answered_though_the_text_was_to_wait(
        self, northside, sender, carrier_fake, clock
    ):
        person = make_recipient(northside, MIAMI)
        sent_three(northside, person, clock)
        make_campaign(northside, [person], one_to_one())
        hear(northside, "When is it?", MIAMI)
        db.session.query(Message).filter_by(state=State.HELD).update({"held_until": clock.now})
        db.session.commit()
        drain(str(northside.id))
        assert {text.state for text in texts(northside)} == {State.ACCEPTED}


def test_a_program_reads_the_same_words_as_the_page(northside, sender, carrier_fake, clock):
    person = make_recipient(northside, MIAMI)
    sent_three(northside, person, clock)
    [gate] = asking.shut_gates(northside, MIAMI, Kind.ONE_TO_ONE)
    assert (gate.code, gate.fix_label) == (CAP, "See the rule")
    [shown] = planning.shut_gates(northside, person, Kind.BULK, clock.now)
    assert shown.sentence == gate.sentence
    [view] = queries.campaign_rows(northside.tenant, send(northside, person, 4).id, limit=1).rows
    assert (view.reason, view.fix_endpoint) == (gate.sentence, "compliance.hours")
    assert view.hours_rule == (
        "Florida: at most 3 texts in 24 hours (Fla. Stat. 501.616(6) and 501.059)"
    )


def test_the_recipient_s_mark_says_why_on_focus(alice, northside, sender, carrier_fake, clock):
    """K-3: two words on the list, the rule and its citation in the tip."""
    person = make_recipient(northside, MIAMI)
    sent_three(northside, person, clock)
    cast.sign_in(alice.client, cast.ALICE)
    page = alice.get("messaging.compose", **Composer(alice, northside)([person], words(4)))
    mark = page.text_of(".recipient__mark")
    assert mark.startswith("Texted enough")
    assert "Florida rule: at most 3 texts to one person" in mark
    assert buttons(page) == ["Calculate Cost", "Verify & Send"]


@pytest.mark.parametrize("code", ["FL", "US"])
def test_an_officer_s_tighter_cap_holds_from_its_day_on(
    code, northside, sender, carrier_fake, clock
):
    person = make_recipient(northside, MIAMI if code == "FL" else CHICAGO)
    with unit_of_work():
        hours_service.set_hours(
            northside.organization_id, code, Edit(max_per_day=1), holds_from=clock.now.date(),
            note="Advice of counsel", now=clock.now, today=clock.now.date(), actor=ALICE_ACTS,
        )  # fmt: skip
    send(northside, person, 1)
    [gate] = planning.shut_gates(northside, person, Kind.BULK, clock.now)
    assert (gate.code, gate.rule.is_own) == (CAP, True)
    assert "at most 1 text to one person" in gate.sentence
