"""A text that did not arrive, sent again: S-10, Q-7, C-8, R-4, I9."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import event, update

from portal.consent.values import Method
from portal.core.db import db, unit_of_work
from portal.core.errors import NotAllowed
from portal.messaging import queries
from portal.messaging.errors import NonceReused, SentAgainAlready, TextRefused, TooLate
from portal.messaging.models import Message
from portal.messaging.service import campaigns, optouts
from portal.messaging.values import Kind, State
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    texts,
)

LONG = "One. " * 300 + "Two. " * 320 + "Three. " * 200  # three parts


@pytest.fixture(autouse=True)
def ready(northside):
    return make_ready(northside, more_credits=1000)


def again(account, row, nonce=None, **how):
    with unit_of_work():
        return campaigns.send_again(
            account, row.id, nonce=nonce or uuid4().hex, actor=ALICE_ACTS, **how
        )


def put(row, state, **columns):
    with unit_of_work():
        db.session.execute(
            update(Message).where(Message.id == row.id).values(state=state, **columns)
        )


def offered(account, campaign):
    """Return which rows of a send are offered to be sent again, in order."""
    return [t.may_send_again for t in queries.campaign_rows(account.tenant, campaign.id).rows]


class TestItsKind:
    """It passes the gates of what it was."""

    def lost(self, account, draft):
        make_campaign(account, [make_recipient(account), make_recipient(account)], draft)
        found = texts(account)[0]
        put(found, State.UNDELIVERED)
        return found

    def test_marketing_stays_marketing(self, northside):
        found = self.lost(northside, bulk(name="Open house"))
        campaign = again(northside, found)
        assert (campaign.kind, campaign.name) == (Kind.BULK, "Open house (again)")
        assert texts(northside)[-1].kind is Kind.BULK

    def test_the_organizations_opt_out_stops_it(self, northside, bobs):
        """Q-7: the person said STOP to another account of the organization."""
        found = self.lost(northside, bulk())
        with unit_of_work():
            optouts.opt_out(
                bobs.tenant, found.e164, source="staff", details="call", actor=ALICE_ACTS
            )
        with pytest.raises(TextRefused) as refused:
            again(northside, found)
        assert refused.value.gate.code == "org_opted_out"
        assert len(texts(northside)) == 2

    def test_consent_to_talk_alone_does_not_carry_it(self, northside):
        """C-8"""
        talker = make_recipient(northside, method=Method.VERBAL)
        make_campaign(northside, [make_recipient(northside), talker], bulk())
        [found] = texts(northside, e164=talker.number.e164)
        put(found, State.CANCELED)
        with pytest.raises(TextRefused) as refused:
            again(northside, found)
        assert refused.value.gate.code == "consent_insufficient"

    def test_an_automatic_notice_is_not_sent_again(self, northside):
        make_campaign(northside, [make_recipient(northside)], one_to_one())
        found = only_text(northside)
        put(found, State.FAILED, kind=Kind.SYSTEM, credits=0)
        with pytest.raises(TooLate):
            again(northside, found)
        assert not queries.text(northside.tenant, found.id).may_send_again


class TestParts:
    """R-4: a long text is one text."""

    @pytest.fixture
    def campaign(self, northside):
        return make_campaign(northside, [make_recipient(northside)], one_to_one(LONG))

    def test_all_that_did_not_go_goes(self, northside, campaign):
        """The second part was refused, so the third was not tried."""
        first, second, third = texts(northside)
        put(first, State.DELIVERED)
        put(second, State.REJECTED)
        put(third, State.CANCELED, reason_code="earlier_part")
        assert offered(northside, campaign) == [False, True, False]
        with pytest.raises(TooLate):
            again(northside, third)
        wanted = second.body + third.body
        assert campaigns.draft_again(northside.tenant, second.id).body == wanted
        again(northside, second)
        fresh = texts(northside)[3:]
        assert "".join(t.body for t in fresh) == wanted
        assert {t.resend_of for t in fresh} == {second.id}
        assert offered(northside, campaign) == [False, False, False]

    def test_it_is_offered_on_the_first_part_that_failed(self, northside, campaign):
        for row, state in zip(
            texts(northside), (State.UNDELIVERED, State.DELIVERED, State.FAILED), strict=True
        ):
            put(row, state)
        assert offered(northside, campaign) == [True, False, False]
        first, _, third = texts(northside)
        again(northside, first)
        assert "".join(t.body for t in texts(northside)[3:]) == first.body + third.body
        with pytest.raises(SentAgainAlready):
            again(northside, third)

    def test_it_waits_for_the_parts_under_way(self, northside, campaign):
        first, second, third = texts(northside)
        put(first, State.UNDELIVERED)
        put(second, State.SUBMITTING)
        put(third, State.HELD)
        assert offered(northside, campaign) == [False, False, False]
        with pytest.raises(TooLate):
            again(northside, first)

    def test_a_later_part_in_doubt_makes_all_of_it_doubtful(self, northside, campaign):
        """RULINGS 22"""
        first, second, third = texts(northside)
        put(first, State.UNDELIVERED)
        put(second, State.UNCONFIRMED)
        put(third, State.CANCELED, reason_code="earlier_part")
        assert queries.text(northside.tenant, first.id).is_unconfirmed
        with pytest.raises(NotAllowed):
            again(northside, first)
        again(northside, first, anyway=True)
        assert "".join(t.body for t in texts(northside)[3:]) == LONG


class TestOnce:
    """I9: however often it is pressed."""

    @pytest.fixture
    def lost(self, northside):
        make_campaign(northside, [make_recipient(northside)], one_to_one())
        put(only_text(northside), State.UNDELIVERED)
        return only_text(northside)

    def test_another_form_does_not_send_it_twice(self, northside, lost):
        assert queries.text(northside.tenant, lost.id).may_send_again
        again(northside, lost)
        assert not queries.text(northside.tenant, lost.id).may_send_again
        with pytest.raises(SentAgainAlready):
            again(northside, lost)
        assert len(texts(northside)) == 2

    def test_the_same_form_returns_the_first(self, northside, lost):
        campaign = again(northside, lost, nonce="once")
        assert again(northside, lost, nonce="once").id == campaign.id
        other = make_campaign(northside, [make_recipient(northside)], one_to_one("Hi"))
        put(texts(northside, campaign_id=other.id)[0], State.FAILED)
        with pytest.raises(NonceReused):
            again(northside, texts(northside, campaign_id=other.id)[0], nonce="once")

    @pytest.mark.parametrize(
        ("state", "is_free"),
        [
            (State.QUEUED, False),
            (State.HELD, False),
            (State.UNKNOWN, False),
            (State.DELIVERED, False),
            (State.UNDELIVERED, False),
            (State.UNCONFIRMED, False),
            (State.REJECTED, True),
            (State.BLOCKED, True),
            (State.CANCELED, True),
            (State.EXPIRED, True),
        ],
    )
    def test_it_is_free_again_when_the_second_never_left(self, northside, lost, state, is_free):
        again(northside, lost)
        put(texts(northside)[-1], state)
        assert queries.text(northside.tenant, lost.id).may_send_again is is_free
        if is_free:
            again(northside, lost)
        else:
            with pytest.raises(SentAgainAlready):
                again(northside, lost)

    @pytest.mark.parametrize("state", [State.CANCELED, State.UNDELIVERED])
    def test_of_a_text_and_its_second_one_is_offered(self, northside, lost, state):
        """Else both could be sent, and the person would get the text twice."""
        again(northside, lost)
        second = texts(northside)[-1]
        put(second, state)
        free = [queries.text(northside.tenant, t.id).may_send_again for t in (lost, second)]
        assert sorted(free) == [False, True]
        again(northside, (lost, second)[free.index(True)])
        for row in (lost, second):
            with pytest.raises(TooLate):
                again(northside, row)

    def test_two_at_the_same_moment_send_it_once(self, northside, lost, built_app):
        """The text is locked before anybody looks (RULINGS 6)."""
        ends, start = [], threading.Barrier(2)

        def press():
            with built_app.app_context():
                start.wait()
                try:
                    again(northside, lost)
                    ends.append("sent")
                except SentAgainAlready:
                    ends.append("refused")

        pressing = [threading.Thread(target=press) for _ in range(2)]
        for thread in pressing:
            thread.start()
        for thread in pressing:
            thread.join()
        assert sorted(ends) == ["refused", "sent"]
        assert len(texts(northside)) == 2

    def test_a_page_asks_once_for_all_its_texts(self, northside):
        campaign = make_campaign(northside, make_recipients(northside, 5), bulk())
        for row in texts(northside):
            put(row, State.UNDELIVERED)
        again(northside, texts(northside)[0])
        asked = []

        def note(_connection, _cursor, statement, *_rest):
            asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert offered(northside, campaign) == [False, True, True, True, True]
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert len([s for s in asked if s.startswith("SELECT")]) == 2
