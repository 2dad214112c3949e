"""What opens a number again counts from when it was sent, not from when it came (I3, RULINGS 17)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from portal.consent import queries as consent
from portal.consent.models import ConsentRecord
from portal.consent.values import Event, Method
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected
from portal.core.secrets_box import SecretUnreadable
from portal.gateways.sms import Listed
from portal.messaging import queries as messaging
from portal.messaging.models import InboundText, Message
from portal.messaging.service import forgetting, joining, opening, optouts
from portal.messaging.values import Timing
from portal.notifications import queries as notifications
from portal.numbers import queries as numbers
from portal.numbers.models import SenderNumber
from tests.cast import ALICE
from tests.factories.messaging import ALICE_ACTS, make_ready, make_recipient
from tests.factories.numbers import make_carrier_account
from tests.messaging.hooks import SMS, Hook
from tests.messaging.test_joining import BOTH_KINDS, CAROL, WORDS, records, sign_up
from workers.openings import date_openings, ring_for_openings
from workers.optin import ask_double_opt_in, expire_confirmations
from workers.recovery import hear_all
from workers.sending import drain


@pytest.fixture
def sender(northside):
    return make_ready(northside)


@pytest.fixture
def carol(northside, sender):
    return make_recipient(northside)


@pytest.fixture
def desk(app, northside, sender, carol, carrier_fake, clock):
    return Desk(app, northside, sender.e164, carol.number.e164, carrier_fake, clock)


class Desk:
    """Carol, her texts on their way to Northside, and what the carrier's record says of them."""

    def __init__(self, app, account, ours, e164, carrier, clock):
        self.app, self.account, self.ours, self.e164 = app, account, ours, e164
        self.carrier, self.clock = carrier, clock
        self.token = make_carrier_account(account.organization_id)

    def says(self, body):
        """Carol texts now; her webhook has not come yet."""
        sid = f"SM{uuid4().hex}"
        params = (
            *(("AccountSid", self.token.account_sid), ("MessageSid", sid)),
            *(("From", self.e164), ("To", self.ours), ("Body", body)),
        )
        self.carrier.listed.append(
            Listed(sid, self.ours, self.e164, body, "inbound", "received", utcnow())
        )
        return Hook(SMS, params).signed(self.token.auth_token)

    def hears(self, body):
        self.comes(self.says(body))
        self.clock.travel(by=timedelta(seconds=5))

    def comes(self, hook):
        assert hook.post(self.app).status_code == 200

    def later(self, **by):
        self.clock.travel(by=timedelta(**by))

    def is_out(self):
        db.session.rollback()
        return consent.standing(self.account.tenant, self.e164).is_opted_out

    def looks(self):
        self.later(minutes=16)
        return date_openings(str(self.account.id))


def test_a_start_that_comes_late_does_not_undo_the_stop_that_overtook_it(desk):
    """I3: START's first webhook met a 503, STOP was stored, the carrier tried START again."""
    desk.hears("STOP")
    desk.later(hours=1)
    start = desk.says("START")
    desk.later(seconds=2)
    desk.hears("STOP")
    desk.comes(start)
    assert desk.is_out()
    desk.hears("START")
    assert not desk.is_out()


@pytest.mark.parametrize("word", ["UNSTOP", "yes"])
def test_so_do_the_other_words_that_open(desk, word):
    desk.hears("STOP")
    start = desk.says(word)
    desk.later(seconds=5)
    desk.hears("STOP")
    desk.comes(start)
    assert desk.is_out()
    desk.hears(word)
    assert not desk.is_out()


def test_so_does_the_join_keyword(desk):
    with unit_of_work():
        joining.set_keyword(
            desk.account.tenant, "HOMES", WORDS, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
        )
    joins = desk.says("HOMES")
    desk.later(seconds=5)
    desk.hears("STOP")
    desk.comes(joins)
    assert desk.is_out()
    desk.carrier.unread = GatewayBusy("down")
    desk.hears("HOMES")
    assert desk.is_out()
    desk.carrier.unread = None
    assert desk.looks() == 1
    assert not desk.is_out()


def test_a_late_start_does_not_beat_a_stop_found_later(desk, northside):
    """The reverse: the STOP's own webhook was lost, the list brings it with its sent time."""
    start = desk.says("START")
    desk.later(seconds=30)
    desk.says("STOP")
    desk.later(seconds=60)
    desk.comes(start)
    assert not desk.is_out()
    hear_all(northside.organization_id, desk.carrier.listed)
    assert desk.is_out()


class TestPlainWordsThatEndConsent:
    """Q-4: they count whatever came late, and whatever the clock says."""

    WORDS = "Please take me off your list, thanks"

    @pytest.fixture
    def may_be_texted(self, desk):
        def ask():
            db.session.rollback()
            standing = consent.standing(desk.account.tenant, desk.e164)
            return not standing.is_opted_out and standing.held_at is None

        return ask

    def test_that_overtook_a_start(self, desk, may_be_texted):
        desk.hears("STOP")
        desk.later(minutes=1)
        start = desk.says("START")
        desk.later(seconds=5)
        desk.hears(self.WORDS)
        desk.comes(start)
        assert not may_be_texted()
        desk.hears("START")
        assert may_be_texted()

    def test_after_a_start_that_waits(self, desk, may_be_texted):
        desk.hears("STOP")
        desk.later(minutes=1)
        desk.carrier.unread = GatewayBusy("down")
        desk.hears("START")
        desk.hears(self.WORDS)
        desk.carrier.unread = None
        assert desk.looks() == 1
        assert not may_be_texted()

    def test_with_a_clock_that_was_put_back(self, desk, may_be_texted):
        desk.later(seconds=-30)  # she agreed on a form just now
        desk.hears(self.WORDS)
        assert not may_be_texted()

    def test_found_on_the_list_they_do_not_undo_her_later_act(self, desk, may_be_texted):
        desk.later(seconds=-30)
        desk.says(self.WORDS)
        desk.later(seconds=30)
        hear_all(desk.account.organization_id, desk.carrier.listed)
        assert may_be_texted()


def test_a_listed_start_without_a_time_opens_nothing(desk):
    """I3: nobody knows whether it was said before the STOP."""
    desk.hears("STOP")
    start = Listed("SM" + "7" * 32, desk.ours, desk.e164, "START", "inbound", "received", None)
    hear_all(desk.account.organization_id, [start])
    assert desk.is_out()


class TestAYesToAQuestion:
    """Q-6: it counts where the question had left before, and waited still, when it was said."""

    @pytest.fixture
    def desk(self, desk):
        desk.e164 = CAROL
        return desk

    @pytest.fixture
    def asks(self, desk):
        def ask():
            assert ask_double_opt_in(str(sign_up(desk.account))) is True
            drain(str(desk.account.id))

        return ask

    def is_confirmed(self, desk):
        db.session.rollback()
        return Method.DOUBLE_OPT_IN in {record.method for record in records(desk.account)}

    def test_said_before_it_was_asked(self, desk, asks):
        early = desk.says("Yes")
        desk.later(hours=3)
        asks()
        desk.comes(early)
        hear_all(desk.account.organization_id, desk.carrier.listed)
        assert not self.is_confirmed(desk)
        desk.hears("Yes")
        assert self.is_confirmed(desk)

    def test_said_in_time_and_dated_after_its_end(self, desk, asks):
        asks()
        desk.later(days=6, hours=23)
        desk.carrier.unread = GatewayBusy("down")
        desk.hears("YES")
        desk.later(hours=2)
        assert expire_confirmations() == 1
        desk.carrier.unread = None
        assert desk.looks() == 1
        assert self.is_confirmed(desk)

    def test_that_opens_nothing_once_it_is_dated_is_answered_by_people(self, desk, asks):
        """Asked for when it came, and no longer: somebody reads it."""
        early = desk.says("Yes")
        desk.later(hours=3)
        asks()
        desk.carrier.unread = GatewayBusy("down")
        desk.comes(early)
        desk.carrier.unread = None
        assert desk.looks() == 1
        assert not self.is_confirmed(desk)
        [text] = db.session.scalars(select(InboundText).where(InboundText.e164 == CAROL))
        assert text.keyword is None
        assert messaging.conversation(desk.account.tenant, CAROL).needs_answer


class TestNobodyCanReadIt:
    """The person stays as they were; a job looks again."""

    @pytest.fixture(autouse=True)
    def stopped(self, desk):
        desk.hears("STOP")
        desk.later(minutes=1)
        desk.carrier.unread = GatewayBusy("down")

    def test_it_opens_when_the_carrier_answers_again(self, desk):
        desk.hears("START")
        assert desk.is_out()
        assert desk.looks() == 0
        assert desk.is_out()
        desk.carrier.unread = None
        desk.later(minutes=16)
        assert ring_for_openings() == 1
        assert (desk.looks(), desk.looks()) == (1, 0)
        assert not desk.is_out()

    def test_a_stop_meanwhile_wins(self, desk):
        desk.hears("START")
        desk.hears("STOP")
        desk.carrier.unread = None
        assert desk.looks() == 1
        assert desk.is_out()

    def test_what_the_carrier_does_not_know_opens_nothing(self, desk, monkeypatch):
        desk.carrier.unread = None
        monkeypatch.setattr(desk.carrier, "fetch", lambda *_: None)
        desk.hears("START")
        assert desk.is_out()

    def test_the_looks_end_and_people_are_told(self, desk):
        desk.hears("START")
        for _ in range(2):
            desk.later(hours=48)
            assert desk.looks() in {0, 1}
        assert desk.is_out()
        assert db.session.scalars(select(InboundText.look_at)).all() == [None, None]
        assert "An opt-in could not be checked" in {n.title for n in notifications.latest(ALICE)}

    def test_the_next_webhooks_wait_for_the_job_at_once(self, desk):
        """While the carrier is away a thread that asked would only be missed by a STOP."""
        desk.hears("START")
        desk.carrier.unread = None
        desk.hears("START")
        assert desk.is_out()
        assert desk.looks() == 2
        assert not desk.is_out()

    def test_a_refusal_concerns_one_organization(self, desk):
        desk.carrier.unread = GatewayRejected("Authenticate", 20003, 401)
        desk.hears("START")
        assert desk.is_out()
        desk.carrier.unread = None
        desk.hears("START")
        assert not desk.is_out()

    def test_a_round_ends_at_the_first_failure(self, desk, monkeypatch):
        """Fifty that wait for it one after the other would overrun the job's time."""
        asked = []

        def away(_, sid):
            asked.append(sid)
            raise GatewayBusy("away")

        for _ in range(3):
            desk.hears("START")
        monkeypatch.setattr(desk.carrier, "fetch", away)
        assert (desk.looks(), len(asked)) == (0, 1)
        desk.later(hours=48)
        assert (desk.looks(), len(asked)) == (3, 2)  # all are given up
        assert desk.is_out()

    def test_a_token_that_can_not_be_read_ends_the_looks_too(self, desk, monkeypatch):
        def unreadable(*_):
            raise SecretUnreadable("no key")

        desk.hears("START")
        monkeypatch.setattr(numbers, "credentials", unreadable)
        assert desk.looks() == 0
        desk.later(hours=48)
        assert desk.looks() == 1
        assert db.session.scalars(select(InboundText.look_at)).all() == [None, None]
        assert "An opt-in could not be checked" in {n.title for n in notifications.latest(ALICE)}

    @pytest.mark.parametrize(
        ("hours", "timing"), [(23, Timing.ANSWER), (25, Timing.AUTOMATED), (48, Timing.AUTOMATED)]
    )
    def test_a_join_is_answered_however_late_it_counts(self, desk, hours, timing):
        """Q-6: who is signed up gets the disclosure; a day later at their state's hours (P-3)."""
        with unit_of_work():
            joining.set_keyword(
                desk.account.tenant, "HOMES", WORDS, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
            )
        desk.hears("HOMES")
        desk.later(hours=hours)
        desk.carrier.unread = None
        assert desk.looks() == 1
        assert not desk.is_out()
        [answer] = db.session.scalars(select(Message).where(Message.purpose == "join")).all()
        assert answer.timing == timing

    def claims(self, desk):
        desk.later(minutes=16)
        with unit_of_work():
            [waiting] = opening.claim(desk.account.id)
        return waiting

    def test_two_jobs_that_both_took_it_settle_it_once(self, desk):
        desk.hears("START")
        first, second = self.claims(desk), self.claims(desk)
        settled = []
        for waiting in (first, second):
            with unit_of_work():
                settled.append(opening.settle(waiting, utcnow()))
        assert settled == [True, False]
        said = select(func.count()).where(ConsentRecord.event == Event.OPTED_IN)
        assert db.session.scalar(said) == 1

    def test_one_that_is_erased_while_it_waits_opens_nothing(self, desk):
        """C-10."""
        desk.hears("START")
        waiting = self.claims(desk)
        with unit_of_work():
            of = desk.account.organization_id
            forgetting.erase_words(of, before=utcnow(), only=desk.e164, is_dry=False)
        with unit_of_work():
            assert not opening.settle(waiting, utcnow())
        assert desk.is_out()

    def test_a_start_that_comes_again_is_one(self, desk):
        start = desk.says("START")
        desk.comes(start)
        desk.carrier.unread = None
        desk.comes(start)
        assert desk.is_out()
        assert (desk.looks(), desk.looks()) == (1, 0)
        assert not desk.is_out()


def test_nothing_is_asked_of_the_carrier_where_nothing_opens(desk, monkeypatch):
    """A webhook is answered without waiting: talk, a yes in talk, HELP and STOP open nothing."""
    asked = []
    monkeypatch.setattr(desk.carrier, "fetch", lambda _, sid: asked.append(sid))
    for body in ("Hello", "Is it still there?", "Yes", "HELP", "STOP"):
        desk.hears(body)
    assert asked == []


def test_no_transaction_is_open_while_the_carrier_is_asked(desk, monkeypatch):
    real = desk.carrier.fetch

    def fetch(credentials, sid):
        assert not db.session().in_transaction()
        return real(credentials, sid)

    monkeypatch.setattr(desk.carrier, "fetch", fetch)
    desk.hears("STOP")
    desk.hears("START")
    assert not desk.is_out()


class TestAClockThatStepsBack:
    """A STOP nobody knows the time of came after all that stands, whatever the clock says."""

    def test_after_a_start(self, desk):
        desk.hears("START")
        desk.later(seconds=-7)
        desk.hears("STOP")
        assert desk.is_out()

    def test_after_a_form(self, desk):
        desk.later(seconds=-30)  # she agreed on a form just now
        desk.hears("STOP")
        assert desk.is_out()

    def test_entered_by_somebody(self, desk):
        desk.later(seconds=-30)
        with unit_of_work():
            optouts.opt_out(
                desk.account.tenant, desk.e164, source="phone", details="Called.", actor=ALICE_ACTS
            )
        assert desk.is_out()

    def test_a_start_after_it_opens(self, desk):
        desk.later(seconds=-30)
        desk.hears("STOP")
        desk.later(seconds=40)
        desk.hears("START")
        assert not desk.is_out()


@pytest.mark.parametrize("state", ["buying", "releasing", "released"])
def test_a_text_to_a_number_that_is_not_ready_is_kept(desk, state):
    """B-10: from somebody it never texted, before its purchase was written down or after its end."""
    desk.e164 = "+13125559876"
    with unit_of_work():
        db.session.execute(
            update(SenderNumber).where(SenderNumber.e164 == desk.ours).values(state=state)
        )
    desk.hears("Is it still for sale?")
    desk.hears("STOP")
    assert desk.is_out()
    kept = db.session.scalars(select(InboundText.body).order_by(InboundText.received_at)).all()
    assert kept == ["Is it still for sale?", "STOP"]
