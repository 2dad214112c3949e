"""After an outage every STOP is known before the first bulk text leaves (PROMISES 2.4, W6)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.consent import queries as consent
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy
from portal.gateways.sms import Listed
from portal.messaging import queries
from portal.messaging.models import InboundText
from portal.messaging.queries import recovery as records
from portal.messaging.rules import gates
from portal.messaging.service import heartbeat
from portal.messaging.values import FenceCause, State
from portal.texting_accounts import service as accounts
from tests.cast import JUNIPER, account
from tests.factories.billing import make_credits
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    texts,
)
from tests.messaging.conftest import OURS
from workers import messaging, recovery
from workers.sending import drain

LAG = 15  # minutes, PROMISES 1.3


def beat():
    with unit_of_work():
        return heartbeat.beat()


def stay_up(clock, minutes):
    """Let time pass with the web alive: no outage of its own."""
    for _ in range(2 * minutes):
        clock.travel(by=timedelta(seconds=30))
        assert not beat()


def is_out(account_, person):
    return consent.standing(account_.tenant, person.number.e164).is_opted_out


def posts(twin, people):
    """Return every request to text one of these people, refused ones too."""
    numbers = {p.number.e164 for p in people}
    return [line for line in twin.log(all="1") if line["to"] in numbers]


def drain_dry(account_):
    """Send until nothing is due: one run ends after a minute, and notices follow the texts."""
    while drain(str(account_.id)):
        pass


def drill(account_, twin, clock, *, stops, writers, receipts):
    """Switch the web off for ten minutes while people write, then come back."""
    make_credits(account_, 3 * (stops + receipts))
    recipients = make_recipients(account_, stops + receipts)
    quitters, others = recipients[:stops], recipients[stops:]
    beat()
    make_campaign(account_, others)
    drain_dry(account_)
    clock.travel(by=timedelta(minutes=5))  # of ten: nobody hears what follows
    twin.flush()
    for person in quitters:
        twin.says(person.number.e164, OURS, "STOP")
    for place in range(writers):
        twin.says(f"+1312557{place:04d}", OURS, f"Question {place}")
    clock.travel(by=timedelta(minutes=5))
    make_campaign(account_, recipients, bulk("Price reduced on Elm Street."))
    before = len(posts(twin, recipients))
    drain(str(account_.id))
    assert len(posts(twin, recipients)) == before  # while the web is off, and just after
    assert beat()
    drain(str(account_.id))
    assert len(posts(twin, recipients)) == before
    assert records.sending_state(JUNIPER).is_catching_up

    assert recovery.catch_up() == stops + writers  # all but what the list does not tell yet
    assert all(is_out(account_, person) for person in quitters)
    drain(str(account_.id))
    assert len(posts(twin, recipients)) == before
    stay_up(clock, LAG)
    assert recovery.catch_up() == 0
    assert not records.sending_state(JUNIPER).is_catching_up
    drain_dry(account_)
    assert posts(twin, quitters) == []
    reduced = [t for t in texts(account_) if t.body.startswith("Price")]
    assert {t.state for t in reduced if t.e164 in {p.number.e164 for p in quitters}} == {
        State.BLOCKED
    }
    assert sum(t.state is State.ACCEPTED for t in reduced) == receipts
    lost = [t.state for t in texts(account_) if not t.body.startswith("Price")]
    assert lost == [State.DELIVERED] * receipts  # the list says what the callbacks did not
    clock.travel(by=timedelta(minutes=1))
    beat()
    assert recovery.catch_up() == 0
    assert messaging.catch_up_inbound() == 0
    assert recovery.sweep_both_ways() == 0
    heard = db.session.scalar(select(func.count()).select_from(InboundText))
    assert heard == stops + writers
    assert records.fence(JUNIPER) is None


def test_every_stop_of_an_outage_is_known_before_the_first_bulk_text(northside, twin, clock):
    """W6, small."""
    drill(northside, twin, clock, stops=2, writers=4, receipts=5)


@pytest.mark.soak
def test_every_stop_of_a_long_outage_is_known_before_the_first_bulk_text(northside, twin, clock):
    """W6: 50 STOPs, 200 texts, 300 receipts."""
    with unit_of_work():
        accounts.set_limits(
            northside.id,
            daily_recipients=2000,
            daily_segments=20_000,
            note="a drill",
            actor=ALICE_ACTS,
        )
    drill(account(northside.id), twin, clock, stops=50, writers=200, receipts=300)


def test_a_person_is_answered_while_bulk_texts_wait(northside, sender, carrier_fake, clock):
    """PROMISES 2.4 pauses bulk sending; somebody who asked just now gets their answer."""
    beat()
    clock.travel(by=timedelta(minutes=2))
    make_campaign(northside, [make_recipient(northside)])
    make_campaign(northside, [make_recipient(northside)], one_to_one())
    beat()
    drain(str(northside.id))
    assert [(t.state, t.reason_code) for t in texts(northside)] == [
        (State.HELD, gates.CATCHING_UP),
        (State.ACCEPTED, None),
    ]
    stay_up(clock, LAG)
    recovery.catch_up()
    drain(str(northside.id))
    assert {t.state for t in texts(northside)} == {State.ACCEPTED}


def test_a_stop_that_the_list_tells_late_is_known_before_the_first_bulk_text(
    northside, twin, clock
):
    """PROMISES 1.3: one look right after an outage may miss what was texted in it."""
    make_credits(northside, 20)
    quitter, other = make_recipients(northside, 2)
    beat()
    clock.travel(by=timedelta(minutes=5))
    twin.turn(list_lag_seconds=LAG * 60 - 30)
    twin.flush()
    twin.says(quitter.number.e164, OURS, "STOP")
    make_campaign(northside, [quitter, other])
    beat()
    assert recovery.catch_up() == 0  # read to its end, and it told nothing
    drain(str(northside.id))
    assert posts(twin, [quitter, other]) == []
    stay_up(clock, LAG)
    assert recovery.catch_up() == 1
    assert is_out(northside, quitter)
    drain_dry(northside)
    assert posts(twin, [quitter]) == []
    assert next(t.state for t in texts(northside) if t.e164 == other.number.e164) is State.ACCEPTED


def test_only_a_reading_that_began_after_the_lag_lets_bulk_texts_go(
    northside, sender, carrier_fake, clock, monkeypatch
):
    """One that lasts beyond it tells no more than when it began; each reaches back to the outage."""
    beat()
    silent_from = clock.now
    clock.travel(by=timedelta(minutes=2))
    beat()
    stay_up(clock, LAG - 1)
    read, asked = carrier_fake.listed_since, []

    def slowly(credentials, since):
        asked.append(since)
        stay_up(clock, 2 if len(asked) == 1 else 0)
        return read(credentials, since)

    monkeypatch.setattr(carrier_fake, "listed_since", slowly)
    recovery.catch_up()
    assert records.sending_state(JUNIPER).is_catching_up
    recovery.catch_up()
    assert not records.sending_state(JUNIPER).is_catching_up
    assert len(asked) == 2
    assert all(since < silent_from for since in asked)


def test_the_list_is_read_at_once_every_five_minutes_and_after_the_lag(
    northside, sender, carrier_fake, clock, monkeypatch
):
    """Single texts go meanwhile, so what the list tells early is known early; it is asked no more than that."""
    beat()
    clock.travel(by=timedelta(minutes=2))
    beat()
    back_at, asked = clock.now, []

    def note(credentials, since):
        asked.append(round((clock.now - back_at) / timedelta(minutes=1)))
        return []

    monkeypatch.setattr(carrier_fake, "listed_since", note)
    for _ in range(LAG + 3):
        recovery.catch_up()
        stay_up(clock, 1)
    assert asked == [0, 5, 10, 15]


def test_a_second_outage_lets_bulk_texts_wait_anew(northside, sender, carrier_fake, clock):
    beat()
    for _ in range(2):
        clock.travel(by=timedelta(minutes=2))
        beat()
        recovery.catch_up()
        stay_up(clock, LAG - 1)
    recovery.catch_up()
    assert records.sending_state(JUNIPER).is_catching_up
    stay_up(clock, 1)
    recovery.catch_up()
    assert not records.sending_state(JUNIPER).is_catching_up


def test_what_was_noticed_in_a_time_moved_back_is_noticed_now(
    northside, sender, carrier_fake, clock
):
    beat()
    clock.travel(by=timedelta(days=2))
    beat()
    clock.travel(by=timedelta(days=-2))
    beat()
    clock.travel(by=timedelta(minutes=LAG))
    recovery.catch_up()
    assert heartbeat.behind() == []


def test_a_short_pause_is_no_outage(northside, sender, clock):
    beat()
    clock.travel(by=timedelta(seconds=59))
    assert not beat()
    assert heartbeat.behind() == []


def test_time_that_was_moved_back_is_no_outage(northside, sender, clock):
    """The sandbox moves time (X-2): a sign of life in the future is no silence."""
    beat()
    clock.travel(by=timedelta(days=-1))
    assert not beat()
    clock.travel(by=timedelta(seconds=30))
    assert not beat()
    assert not records.sending_state(JUNIPER).is_catching_up


def test_a_list_that_cannot_be_read_opens_no_gate(
    northside, sender, carrier_fake, clock, monkeypatch
):
    beat()
    clock.travel(by=timedelta(minutes=2))
    beat()

    def busy(credentials, since):
        raise GatewayBusy("more pages than we read")

    monkeypatch.setattr(carrier_fake, "listed_since", busy)
    recovery.catch_up()
    assert records.sending_state(JUNIPER).is_catching_up


def test_an_outage_during_the_reading_is_read_again(northside, sender, carrier_fake, clock):
    beat()
    clock.travel(by=timedelta(minutes=2))
    beat()
    [first, _lakeview] = heartbeat.behind()
    clock.travel(by=timedelta(minutes=2))
    beat()
    with unit_of_work():
        assert not heartbeat.was_read(first, clock.now + timedelta(hours=1))
    assert records.sending_state(JUNIPER).is_catching_up


def listed(sid, person, body, at, *, direction="inbound", to=None):
    return Listed(sid, to or OURS, person.number.e164, body, direction, "received", at)


def test_a_stop_heard_late_holds_and_an_older_start_opens_nothing(
    northside, sender, carrier_fake, clock
):
    """I3: the carrier's own time decides, in whatever order they are heard."""
    person = make_recipient(northside)
    ours = sender.e164
    clock.travel(by=timedelta(hours=6))
    stop_at = clock.now - timedelta(hours=5)
    carrier_fake.listed = [
        listed("SM" + "1" * 32, person, "STOP", stop_at, to=ours),
    ]
    recovery.sweep_both_ways()
    assert is_out(northside, person)
    carrier_fake.listed.append(
        listed("SM" + "2" * 32, person, "START", stop_at - timedelta(hours=1), to=ours)
    )
    clock.travel(by=timedelta(days=1))
    recovery.sweep_both_ways()
    assert is_out(northside, person)
    carrier_fake.listed.append(
        listed("SM" + "3" * 32, person, "START", clock.now - timedelta(hours=1), to=ours)
    )
    clock.travel(by=timedelta(days=1))
    recovery.sweep_both_ways()
    assert not is_out(northside, person)


def test_what_is_heard_late_stands_at_the_time_it_was_written(
    northside, sender, carrier_fake, clock
):
    """Q-5: an answer given meanwhile stays the newest line; no confirmation is sent hours later."""
    person = make_recipient(northside)
    clock.travel(by=timedelta(hours=6))
    make_campaign(northside, [person], one_to_one("See you at 5."))
    drain(str(northside.id))
    sent = len(carrier_fake.sent)
    carrier_fake.listed = [
        listed(
            "SM" + "4" * 32,
            person,
            "opt out",
            clock.now - timedelta(hours=3),
            to=sender.e164,
        )
    ]
    recovery.sweep_both_ways()
    drain(str(northside.id))
    [talk] = queries.conversations(northside.tenant).rows
    assert (talk.preview, talk.unread) == ("See you at 5.", 1)
    thread = queries.thread(northside.tenant, person.number.e164)
    assert [t.is_inbound for t in thread][:2] == [True, False]
    assert is_out(northside, person)
    assert len(carrier_fake.sent) == sent


class TestStrays:
    """Texts the carrier sent that no row accounts for: leaked credentials, or a lost database."""

    @pytest.fixture
    def stray(self, northside, sender, carrier_fake, clock):
        person = make_recipient(northside)

        def add(number, minutes=60, direction="outbound-api"):
            at = clock.now - timedelta(minutes=minutes)
            carrier_fake.listed.append(
                Listed(
                    f"SM{number:032x}",
                    person.number.e164,
                    sender.e164,
                    f"Win a prize {number}",
                    direction,
                    "delivered",
                    at,
                )
            )

        return add

    def test_they_are_told_once_for_each_and_stop_sending(self, stray, northside, clock):
        from portal.notifications import queries as notifications
        from tests.cast import ALICE, PAT, VERA

        stray(1)
        stray(2)
        assert recovery.sweep_both_ways() == 2
        assert records.sending_state(JUNIPER).fence is FenceCause.STRAYS
        assert records.fence(JUNIPER).strays == 2
        for user_id in (ALICE, VERA, PAT):
            assert len(notifications.latest(user_id)) == 1
        clock.travel(by=timedelta(days=1))
        assert recovery.sweep_both_ways() == 0
        assert len(notifications.latest(ALICE)) == 1
        stray(3)
        clock.travel(by=timedelta(days=1))
        assert recovery.sweep_both_ways() == 1
        assert len(notifications.latest(ALICE)) == 2

    @pytest.mark.parametrize(
        ("minutes", "direction"), [(5, "outbound-api"), (60, "outbound-reply")]
    )
    def test_what_may_still_find_its_row_and_the_carriers_own_are_none(
        self, minutes, direction, stray
    ):
        stray(1, minutes, direction)
        assert recovery.sweep_both_ways() == 0

    def test_a_day_passes_between_two_sweeps(self, stray, clock):
        recovery.sweep_both_ways()
        stray(1, minutes=-60)
        clock.travel(by=timedelta(hours=23))
        assert recovery.sweep_both_ways() == 0
        clock.travel(by=timedelta(hours=2))
        assert recovery.sweep_both_ways() == 1

    def test_one_organizations_trouble_keeps_no_other_from_being_read(
        self, stray, northside, lakeview, carrier_fake, monkeypatch
    ):
        """It takes up where it stopped: who was read is not read again."""
        from tests.factories.messaging import make_ready

        make_ready(lakeview)
        stray(1)
        read, asked = carrier_fake.listed_since, []

        def now_and_then(credentials, since):
            asked.append(credentials.account_sid)
            if len(asked) == 1:
                raise GatewayBusy("later")
            return [] if len(asked) == 2 else read(credentials, since)

        monkeypatch.setattr(carrier_fake, "listed_since", now_and_then)
        recovery.sweep_both_ways()
        recovery.sweep_both_ways()
        recovery.sweep_both_ways()
        assert len(asked) == 3
        assert asked[0] == asked[2] != asked[1]

    def test_a_text_without_a_receipt_is_found_by_its_own_row(
        self, northside, sender, carrier_fake, clock
    ):
        """An unconfirmed text that the list knows after all is accepted, the house pays (2.4)."""
        from portal.gateways.sms import Outcome, Verdict
        from portal.messaging.service import recovery as doubts

        carrier_fake.plan(Outcome(Verdict.UNKNOWN))
        make_campaign(northside, [make_recipient(northside)])
        drain(str(northside.id))
        sent_at, [out] = clock.now, carrier_fake.sent
        clock.travel(by=timedelta(hours=25))
        messaging.reconcile()
        with unit_of_work():
            doubts.give_up()
        assert only_text(northside).state is State.UNCONFIRMED
        carrier_fake.listed = [
            Listed(
                "SM" + "9" * 32,
                out.to,
                out.from_number,
                out.body,
                "outbound-api",
                "delivered",
                sent_at,
            )
        ]
        recovery.sweep_both_ways()
        from portal.billing import queries as billing

        assert only_text(northside).state is State.DELIVERED
        assert billing.balance(northside.id).spent == 0
        assert records.fence(JUNIPER) is None
