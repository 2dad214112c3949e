"""The day after an agent of a team first texts a person, once: the team may read along (S-4)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from portal.billing import queries as billing
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.erasing import ERASED
from portal.gateways.sms import Outcome, Verdict
from portal.messaging import queries
from portal.messaging.models import FirstNotice, Message
from portal.messaging.service import system, team_notices
from portal.messaging.values import State
from portal.people import service as people
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
)
from tests.meanwhile import all_at_once
from tests.messaging.talks import MAYA, hear, open_talk
from workers import messaging
from workers.sending import drain

WORDS = (
    "To better serve you, messages may be shared with other team members. "
    "Please call or text me with questions."
)
DAY = timedelta(days=1)


@pytest.fixture
def maya(northside, sender, carrier_fake):
    """Somebody who was texted for the first time just now."""
    person = make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    text(northside, person)
    return person


def text(account, *people, draft=None):
    make_campaign(account, list(people), draft or one_to_one("Hi Maya, Alice of Juniper Realty."))
    drain(str(account.id))


def told(account=None):
    """Return the notices there are, oldest first."""
    wanted = select(Message).where(Message.purpose == system.TEAM_NOTICE)
    if account is not None:
        wanted = wanted.where(Message.account_id == account.id)
    return db.session.scalars(
        wanted.order_by(Message.created_at).execution_options(populate_existing=True)
    ).all()


def test_the_words_are_those_of_the_specification():
    assert team_notices.TEXT == WORDS


def test_it_goes_the_day_after_once_and_free(northside, maya, carrier_fake, clock):
    """RULINGS 15: a system text of no credits that counts towards no limit."""
    clock.travel(by=DAY - timedelta(minutes=1))
    assert messaging.send_team_notices() == 0
    clock.travel(by=timedelta(minutes=1))
    spent, limits = billing.balance(northside.id), queries.counters(northside, utcnow())
    assert [messaging.send_team_notices(), messaging.send_team_notices()] == [1, 0]
    drain(str(northside.id))
    assert carrier_fake.sent[-1].body == WORDS
    [notice] = told()
    assert (notice.state, notice.credits, notice.slot_on) == (State.ACCEPTED, 0, None)
    assert notice.from_e164 == carrier_fake.sent[0].from_number
    assert billing.balance(northside.id) == spent
    assert queries.counters(northside, utcnow()) == limits
    text(northside, maya, draft=one_to_one("And another one"))
    clock.travel(by=2 * DAY)
    assert messaging.send_team_notices() == 0


def test_the_talk_and_the_timeline_show_it(alice, northside, maya, clock):
    talk = hear(northside)
    clock.travel(by=DAY)
    cast.sign_in(alice.client, cast.ALICE)
    messaging.send_team_notices()
    assert "free notice that the team may read along" in open_talk(alice, talk).text_of("#thread")
    page = alice.get("messaging.contact", account_id=northside.id, contact_id=maya.contact.id)
    assert WORDS in page.text


@pytest.mark.parametrize(
    ("first", "after"),
    [
        (datetime(2026, 3, 6, 20, 0, tzinfo=UTC), datetime(2026, 3, 7, 20, 0, tzinfo=UTC)),
        (datetime(2026, 3, 7, 20, 0, tzinfo=UTC), datetime(2026, 3, 8, 19, 0, tzinfo=UTC)),
    ],
    ids=["a day of 24 hours", "the clocks go forward"],
)
def test_the_day_after_is_the_accounts_own(northside, first, after):
    assert team_notices.due_at(northside.id, first) == after


def test_quiet_hours_hold_it_until_they_end(northside, sender, carrier_fake, clock):
    """Florida ends at 8 pm: what is due then waits for the morning there (P-3)."""
    clock.travel(to=datetime(2026, 3, 4, 0, 30, tzinfo=UTC))  # 7:30 pm in Florida
    text(northside, make_recipient(northside, number="+13055550150", state="FL"))
    clock.travel(to=datetime(2026, 3, 5, 1, 30, tzinfo=UTC))  # 8:30 pm there
    assert messaging.send_team_notices() == 1
    drain(str(northside.id))
    [notice] = told()
    assert (notice.state, notice.held_until) == (
        State.HELD,
        datetime(2026, 3, 5, 13, 0, tzinfo=UTC),
    )
    clock.travel(to=datetime(2026, 3, 5, 13, 1, tzinfo=UTC))
    drain(str(northside.id))
    assert carrier_fake.sent[-1].body == WORDS


class TestWhoIsNotTold:
    def nobody_is(self, clock, settled=1):
        clock.travel(by=DAY)
        assert messaging.send_team_notices() == settled
        assert told() == []

    def test_who_opted_out(self, northside, maya, clock):
        hear(northside, "STOP")
        self.nobody_is(clock)

    def test_who_opts_out_while_it_waits(self, northside, maya, carrier_fake, clock):
        clock.travel(by=DAY)
        messaging.send_team_notices()
        hear(northside, "STOP")
        drain(str(northside.id))
        [notice] = told()
        assert notice.state in {State.CANCELED, State.BLOCKED}
        assert WORDS not in [sent.body for sent in carrier_fake.sent]

    def test_the_people_of_an_agent_without_a_team(self, bobs, carrier_fake, clock):
        make_ready(bobs)
        with unit_of_work():
            people.remove_from_team(cast.JUNIPER, cast.NORTHSIDE_TEAM, cast.BOB, actor=SYSTEM)
        text(bobs, make_recipient(bobs, number=MAYA))
        self.nobody_is(clock, settled=0)

    def test_the_people_of_an_agent_who_left_the_team_meanwhile(self, bobs, carrier_fake, clock):
        make_ready(bobs)
        text(bobs, make_recipient(bobs, number=MAYA))
        with unit_of_work():
            people.remove_from_team(cast.JUNIPER, cast.NORTHSIDE_TEAM, cast.BOB, actor=SYSTEM)
        self.nobody_is(clock)

    def test_the_people_of_an_account_that_is_closed(self, northside, maya, clock):
        with unit_of_work():
            accounts.close(northside.id, actor=ALICE_ACTS)
        self.nobody_is(clock)

    def test_who_was_erased(self, northside, maya, clock):
        """C-10"""
        with unit_of_work():
            db.session.execute(update(Message).values(body=ERASED))
        self.nobody_is(clock)

    def test_whoever_was_texted_before_there_was_this_notice(self, northside, maya, clock):
        with unit_of_work():
            db.session.execute(update(FirstNotice).values(team_due_at=None))
        self.nobody_is(clock, settled=0)

    def test_whom_the_first_text_never_reached(self, northside, sender, carrier_fake, clock):
        carrier_fake.plan(Outcome(Verdict.REJECTED, code=21617, status=400))
        text(northside, make_recipient(northside, number=MAYA))
        self.nobody_is(clock, settled=0)


class TestOnce:
    def test_an_agents_own_account_in_a_team_tells_too(self, bobs, carrier_fake, clock):
        make_ready(bobs)
        text(bobs, make_recipient(bobs, number=MAYA))
        clock.travel(by=DAY)
        assert messaging.send_team_notices() == 1
        assert len(told(bobs)) == 1

    def test_two_sweeps_at_once(self, app, northside, sender, carrier_fake, clock):
        text(northside, *make_recipients(northside, 5), draft=bulk())
        clock.travel(by=DAY)
        places = team_notices.due()

        def sweep():
            with unit_of_work():
                return team_notices.send(places)

        assert sum(all_at_once(app, sweep, sweep)) == 5
        assert sorted(n.e164 for n in told()) == sorted({e164 for _, _, e164 in places})

    def test_what_dies_before_its_commit_left_nothing(self, northside, maya, clock):
        clock.travel(by=DAY)

        class Killed(BaseException):
            pass

        with pytest.raises(Killed), unit_of_work():
            assert team_notices.send(team_notices.due()) == 1
            raise Killed
        assert told() == []
        assert messaging.send_team_notices() == 1
        assert len(told()) == 1

    def test_many_are_read_some_at_a_time(
        self, northside, sender, carrier_fake, clock, monkeypatch
    ):
        monkeypatch.setattr(team_notices, "AT_ONCE", 2)
        text(northside, *make_recipients(northside, 5), draft=bulk())
        clock.travel(by=DAY)
        assert [messaging.send_team_notices(), messaging.send_team_notices()] == [5, 0]
        assert len(told()) == 5

    def test_one_that_can_not_be_queued_holds_up_no_other(
        self, northside, sender, carrier_fake, clock, monkeypatch
    ):
        text(northside, *make_recipients(northside, 4), draft=bulk())
        clock.travel(by=DAY)
        queue, bad = system.queue_text, team_notices.due()[1][2]

        def broken(tenant, e164, *args, **more):
            if e164 == bad:
                raise ValueError(e164)
            return queue(tenant, e164, *args, **more)

        monkeypatch.setattr(system, "queue_text", broken)
        assert [messaging.send_team_notices(), messaging.send_team_notices()] == [3, 0]
        monkeypatch.setattr(system, "queue_text", queue)
        assert messaging.send_team_notices() == 1

    def test_the_database_keeps_one_row_a_person(self, northside, maya):
        """The key that makes it once."""
        row = {"account_id": northside.id, "e164": MAYA, "organization_id": cast.JUNIPER}
        with pytest.raises(Exception, match=r"(?i)unique"), unit_of_work():
            db.session.add(FirstNotice(**row, message_id=uuid4(), team_due_at=utcnow()))
        assert db.session.scalar(select(func.count()).select_from(FirstNotice)) == 1
