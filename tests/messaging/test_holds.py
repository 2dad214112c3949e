"""Plain words that end consent hold sending at once, and a person settles it (Q-4)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.consent.service import forgetting
from portal.consent.values import HoldState, Method
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.messaging import queries
from portal.messaging.errors import HoldSettled, TextRefused
from portal.messaging.models import Message
from portal.messaging.queries import held
from portal.messaging.rules import holding
from portal.messaging.service import holds, optouts
from portal.messaging.values import State
from portal.notifications.models import Notice
from portal.people.models import Organization
from tests import cast
from tests.factories.consent import CAROL
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
    only_text,
    texts,
)
from tests.messaging.talks import hear
from workers import messaging
from workers.sending import drain

WORDS = "please take me off your list, thanks"
DAYS = timedelta(days=1)


@pytest.fixture
def carol(northside, sender):
    return make_recipient(northside, number=CAROL, first_name="Carol", last_name="Diaz")


def say(account, body=WORDS, **more):
    hear(account, body, e164=CAROL, **more)
    return consent.standing_hold(account.tenant, CAROL)


def settle(verb, hold, **more):
    with unit_of_work():
        return verb(hold.tenant, hold.id, actor=ALICE_ACTS, **more)


def release(hold, reason="Meant the Tuesday showing"):
    return settle(holds.release, hold, reason=reason)


def confirmations(account):
    db.session.rollback()
    of = Message.account_id == account.id, Message.purpose == holding.CONFIRMS_HOLD
    return db.session.scalars(select(Message).where(*of)).all()


def entries():
    db.session.rollback()
    found = db.session.query(AuditEntry).order_by(AuditEntry.position)
    return [e.event for e in found if e.event.startswith("consent:hold:")]


class TestHolding:
    def test_nothing_more_is_handed_over_once_the_text_is_stored(
        self, northside, carol, carrier_fake
    ):
        make_campaign(northside, [carol])
        hold = say(northside)
        drain(str(northside.id))
        assert hold.words == "please take me off your list"
        text = only_text(northside)
        assert (text.state, text.reason_code) == (State.HELD, "revocation_hold")
        assert billing.balance(northside.id).reserved == 1  # held, not given up
        assert [t.body for t in carrier_fake.sent] == [confirmations(northside)[0].body]

    def test_the_last_look_holds_what_was_queued_otherwise(self, northside, carol, carrier_fake):
        """A text that a limit held at the moment of the words is looked at when its time comes."""
        make_campaign(northside, [carol])
        with unit_of_work():
            db.session.query(Message).update({"state": State.HELD, "reason_code": "x"})
        say(northside)
        with unit_of_work():
            db.session.query(Message).filter_by(purpose="").update({"state": State.QUEUED})
        drain(str(northside.id))
        assert only_text(northside).reason_code == "revocation_hold"

    def test_its_scope_is_that_of_an_opt_out(self, northside, bobs, carol):
        """Q-7: every text of the account, bulk and plan texts of every other."""
        make_ready(bobs)
        there = make_recipient(bobs, number=CAROL)
        say(northside)
        for kind in (bulk(), one_to_one()):
            with pytest.raises(TextRefused, match="seems to have asked for no more texts"):
                make_campaign(northside, [carol], kind)
        with pytest.raises(TextRefused, match="seems to have asked"):
            make_campaign(bobs, [there], bulk())
        make_campaign(bobs, [there], one_to_one())

    @pytest.mark.parametrize(
        "body", ["Can you stop by at 5?", "Please cancel the showing", "Is it still available?"]
    )
    def test_talk_that_borrows_such_words_holds_nothing(self, northside, carol, body):
        assert say(northside, body) is None
        assert confirmations(northside) == []

    def test_a_revocation_is_no_inquiry(self, northside, sender):
        say(northside, "take me off your list")
        assert consent.standing(northside.tenant, CAROL).record_id is None

    def test_keywords_stay_opt_outs_at_once(self, northside, carol):
        assert say(northside, "STOP") is None
        assert consent.standing(northside.tenant, CAROL).is_opted_out

    def test_who_opted_out_already_is_not_held_as_well(self, northside, carol):
        say(northside, "STOP")
        assert say(northside) is None


class TestTheConfirmation:
    def test_goes_once_free_and_counts_towards_nothing(self, northside, carol, carrier_fake):
        make_campaign(northside, [carol])
        drain(str(northside.id))
        before = queries.counters(northside, carol.contact.created_at)
        say(northside)
        say(northside, "I said take me off your list!!")
        drain(str(northside.id))
        [row] = confirmations(northside)
        assert (row.credits, row.state) == (0, State.ACCEPTED)
        assert "Reply STOP to make it final" in row.body
        assert queries.counters(northside, carol.contact.created_at) == before

    def test_does_not_go_after_five_minutes(self, northside, carol, carrier_fake, clock):
        say(northside)
        clock.travel(by=timedelta(minutes=5, seconds=1))
        drain(str(northside.id))
        [row] = confirmations(northside)
        assert (row.state, row.reason_code) == (State.BLOCKED, "confirmation_late")
        assert carrier_fake.sent == []

    def test_speaks_the_person_s_language_in_the_organization_s_words(self, northside, sender):
        make_recipient(northside, number=CAROL, language="es")
        with unit_of_work():
            db.session.get(Organization, cast.JUNIPER).hold_notice_es = "Paramos. STOP."
        say(northside, "ya no me escriban por favor")
        assert confirmations(northside)[0].body == "Paramos. STOP."

    def test_is_stopped_by_the_opt_out_itself(self, northside, carol, carrier_fake):
        settle(holds.confirm, say(northside))
        drain(str(northside.id))
        assert [t for t in carrier_fake.sent if "make it final" in t.body] == []


class TestWhoIsTold:
    def test_the_agent_and_the_officers(self, northside, carol):
        hold = say(northside)
        told = db.session.scalars(select(Notice).where(Notice.kind == "revocation")).all()
        assert {cast.ALICE, cast.VERA} <= {notice.user_id for notice in told}
        assert {notice.url for notice in told} == {
            f"/accounts/{northside.id}/revocations/{hold.id}"
        }

    def test_talk_and_timeline_show_the_words(self, northside, carol):
        hold = say(northside)
        release(hold)
        shown = [(m.title, m.body) for m in held.moments(northside.tenant, [CAROL])]
        assert shown == [
            ("Sending held: asked to stop?", "“please take me off your list”"),
            ("Hold released", "Meant the Tuesday showing"),
        ]
        assert not queries.conversation(northside.tenant, CAROL).is_held


class TestSettling:
    def test_a_confirmed_one_is_an_opt_out_as_of_their_words(self, northside, carol, clock):
        make_campaign(northside, [carol])
        hold = say(northside)
        clock.travel(by=timedelta(hours=3))
        assert settle(holds.confirm, hold) is HoldState.OPTED_OUT
        standing = consent.standing(northside.tenant, CAROL)
        assert (standing.opted_out_at, standing.held_at) == (hold.said_at, None)
        assert only_text(northside).state is State.BLOCKED
        record = consent.history(northside.tenant, [CAROL])[0]
        assert record.method is Method.OWN_WORDS
        assert "take me off your list" in record.method_details
        assert entries() == ["consent:hold:place", "consent:hold:confirm"]

    def test_a_released_one_frees_what_waited_in_order(self, northside, carol, carrier_fake):
        """S-11: what was held goes on, first come first."""
        for body in ("First", "Second"):
            make_campaign(northside, [carol], one_to_one(body))
        release(say(northside))
        drain(str(northside.id))
        ours = [t.body for t in carrier_fake.sent if t.body in ("First", "Second")]
        assert ours == ["First", "Second"]

    def test_a_scheduled_text_keeps_its_time(self, northside, carol, carrier_fake, clock):
        make_campaign(northside, [carol], one_to_one("Later", send_at=clock.now + 2 * DAYS))
        release(say(northside))
        drain(str(northside.id))
        assert only_text(northside).state is State.QUEUED

    def test_it_takes_a_reason(self, northside, carol):
        with pytest.raises(BadInput, match="few words"):
            release(say(northside), reason="because")

    def test_who_comes_second_changes_nothing(self, northside, carol):
        hold = say(northside)
        release(hold)
        for verb, more in ((holds.confirm, {}), (holds.release, {"reason": "No, not that"})):
            with pytest.raises(HoldSettled, match="released already, by Alice"):
                settle(verb, hold, **more)
        assert not consent.standing(northside.tenant, CAROL).is_opted_out

    def test_their_own_stop_settles_it(self, northside, carol):
        hold = say(northside)
        say(northside, "STOP")
        assert consent.hold_or_404(northside.tenant, hold.id).state is HoldState.OPTED_OUT

    def test_their_own_start_lets_texts_go_again(self, northside, carol, carrier_fake, clock):
        make_campaign(northside, [carol])
        hold = say(northside)
        clock.travel(by=timedelta(minutes=1))
        say(northside, "START")
        drain(str(northside.id))
        assert consent.hold_or_404(northside.tenant, hold.id).state is HoldState.RELEASED
        assert only_text(northside).state is State.ACCEPTED

    def test_an_opt_out_somebody_enters_settles_it(self, northside, carol):
        hold = say(northside)
        with unit_of_work():
            optouts.opt_out(
                northside.tenant, CAROL, source="call", details="Said so", actor=ALICE_ACTS
            )
        assert not consent.hold_or_404(northside.tenant, hold.id).is_standing

    def test_words_heard_late_do_not_undo_their_own_later_start(self, northside, carol, clock):
        with unit_of_work():
            assert (
                holds.place(
                    northside,
                    CAROL,
                    WORDS,
                    sid="SM" + "9" * 32,
                    said_at=clock.now - 30 * DAYS,
                    actor=ALICE_ACTS,
                )
                is None
            )


class TestTheClock:
    def test_nobody_looked_in_ten_business_days_it_is_an_opt_out(self, northside, carol, clock):
        make_campaign(northside, [carol])
        hold = say(northside)
        clock.travel(to=hold.lapses_at - timedelta(seconds=1))
        assert messaging.settle_holds() == 0
        clock.travel(to=hold.lapses_at)
        assert messaging.settle_holds() == 1
        assert messaging.settle_holds() == 0
        assert consent.standing(northside.tenant, CAROL).opted_out_at == hold.said_at
        assert only_text(northside).state is State.BLOCKED
        assert entries() == ["consent:hold:place", "consent:hold:lapse"]

    @pytest.mark.parametrize("verb", [release, lambda hold: settle(holds.confirm, hold)])
    def test_whoever_looks_too_late_makes_it_one(self, northside, carol, clock, verb):
        """As renewals are: inside any unit of work that comes before the scheduler."""
        hold = say(northside)
        clock.travel(to=hold.lapses_at)
        assert verb(hold) is HoldState.LAPSED
        assert consent.standing(northside.tenant, CAROL).is_opted_out

    def test_it_is_the_account_s_tenth_business_day(self, northside, carol, clock):
        hold = say(northside)  # a Monday at noon in Chicago, without a holiday after it
        assert hold.lapses_at - hold.said_at > 14 * DAYS
        assert hold.lapses_at - hold.said_at < 15 * DAYS
        assert holding.days_left(hold.lapses_at, northside.timezone, clock.now) == 10


class TestErasing:
    def test_the_words_go_with_the_person(self, northside, carol, clock):
        hold = say(northside)
        with unit_of_work():
            forgetting.redact_number(cast.JUNIPER, CAROL, before=clock.now, is_dry=False)
        assert consent.hold_or_404(northside.tenant, hold.id).words == ""
        assert texts(northside) == []
