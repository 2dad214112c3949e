"""A text in doubt ends within its day also while the carrier's list can't be read (I2)."""

from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.core.db import db
from portal.core.errors import GatewayBusy
from portal.doctor import service as doctor
from portal.gateways.sms import Listed, Outcome, Verdict
from portal.messaging.values import State
from portal.notifications.models import Notice
from portal.numbers import queries as numbers
from tests import cast
from tests.factories.messaging import make_campaign, make_recipient, only_text
from workers import messaging, recovery
from workers.sending import drain


@pytest.fixture
def in_doubt(northside, sender, carrier_fake):
    """A text whose answer was lost."""
    carrier_fake.plan(Outcome(Verdict.UNKNOWN))
    make_campaign(northside, [make_recipient(northside)])
    drain(str(northside.id))
    return northside


def gone(monkeypatch, carrier_fake):
    """The organization has no account at the carrier any more."""
    monkeypatch.setattr(numbers, "credentials", lambda _organization_id: None)


def refused(monkeypatch, carrier_fake):
    """The carrier does not answer who asks for its list."""

    def fail(*_):
        raise GatewayBusy("later")

    monkeypatch.setattr(carrier_fake, "find", fail)


def told():
    db.session.rollback()
    return db.session.query(Notice).filter(Notice.title.like("The carrier's records%")).all()


@pytest.mark.parametrize("unreadable", [gone, refused])
def test_it_ends_unconfirmed_and_people_hear_of_it_long_before(
    in_doubt, carrier_fake, clock, monkeypatch, unreadable
):
    before = billing.balance(in_doubt.id)
    with monkeypatch.context() as patched:
        unreadable(patched, carrier_fake)
        clock.travel(by=timedelta(minutes=50))
        messaging.reconcile()
        assert told() == []
        for _ in range(3):
            clock.travel(by=timedelta(minutes=10))
            messaging.reconcile()
        people = {notice.user_id for notice in told()}
        assert len(told()) == len(people)  # once each
        assert {cast.ALICE, cast.VERA} <= people  # its leads, and officers
        clock.travel(by=timedelta(hours=23))
        messaging.reconcile()
        assert (
            only_text(in_doubt).state is State.UNKNOWN
        )  # an hour's slack, in which a list may come
        clock.travel(by=timedelta(minutes=15))
        messaging.reconcile()
    text = only_text(in_doubt)
    assert text.state is State.UNCONFIRMED
    assert "could not be read" in text.reason
    assert billing.balance(in_doubt.id).available == before.available + before.reserved
    assert [f for _, found in doctor.examine_everything() for f in found] == []


def test_late_proof_lifts_it_and_the_house_pays(in_doubt, carrier_fake, clock, monkeypatch):
    sent_at, [out] = clock.now, carrier_fake.sent
    with monkeypatch.context() as patched:
        refused(patched, carrier_fake)
        clock.travel(by=timedelta(hours=25))
        messaging.reconcile()
    carrier_fake.listed = [
        Listed("SM" + "9" * 32, out.to, out.from_number, out.body, "outbound-api", "sent", sent_at)
    ]
    recovery.sweep_both_ways()
    assert only_text(in_doubt).state is State.SENT
    assert billing.balance(in_doubt.id).spent == 0


def test_a_text_that_nobody_had_time_to_look_for_is_looked_for_first(in_doubt, carrier_fake, clock):
    """After days without any process the list decides, not the clock."""
    sent_at, [out] = clock.now, carrier_fake.sent
    carrier_fake.listed = [
        Listed("SM" + "9" * 32, out.to, out.from_number, out.body, "outbound-api", "sent", sent_at)
    ]
    clock.travel(by=timedelta(hours=30))
    messaging.reconcile()
    assert only_text(in_doubt).state is State.SENT
