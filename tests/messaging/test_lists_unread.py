"""What can't be read or taken in keeps nobody else's STOP back (PROMISES 2.4, Q-1)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.consent import queries as consent
from portal.core.audit import Actor
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayRejected
from portal.core.secrets_box import SecretUnreadable
from portal.gateways.sms import Listed, Outcome, Verdict
from portal.messaging.models import CarrierWatch
from portal.messaging.queries import recovery as records
from portal.messaging.service import fence, sending
from portal.messaging.values import FenceCause, State
from portal.notifications.models import Notice
from portal.numbers import queries as numbers
from tests import cast
from tests.cast import JUNIPER
from tests.factories.messaging import (
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
    texts,
)
from workers import messaging, recovery
from workers.sending import drain


def is_out(account, person):
    return consent.standing(account.tenant, person.number.e164).is_opted_out


def said(sender, person, at, words="STOP"):
    return Listed(
        f"SM{uuid4().hex}", sender.e164, person.number.e164, words, "inbound", "received", at
    )


@pytest.fixture
def unreadable(northside, monkeypatch):
    """No key opens the first organization's token any more; that of others it does."""
    real = numbers.credentials

    def credentials(organization_id):
        if organization_id == northside.organization_id:
            raise SecretUnreadable("no key")
        return real(organization_id)

    return lambda: monkeypatch.setattr(numbers, "credentials", credentials)


def test_one_unreadable_token_keeps_no_other_organization_back(
    northside, sender, lakeview, carrier_fake, clock, unreadable
):
    other = make_ready(lakeview)
    carrier_fake.plan(Outcome(Verdict.UNKNOWN), Outcome(Verdict.UNKNOWN))
    person, quitter = make_recipient(lakeview), make_recipient(lakeview)
    make_campaign(northside, [make_recipient(northside)], one_to_one())
    with unit_of_work():
        sending.confirm(
            lakeview, [person], one_to_one(), nonce="n", shown_key=None,
            actor=Actor(cast.MALLORY, "Mallory", "127.0.0.1"),
        )  # fmt: skip
    for account in (northside, lakeview):
        drain(str(account.id))
    out = next(o for o in carrier_fake.sent if o.to == person.number.e164)
    unreadable()
    carrier_fake.listed = [
        Listed(
            "SM" + "b" * 32, out.to, out.from_number, out.body, "outbound-api", "sent", clock.now
        ),
        said(other, quitter, clock.now),
    ]
    clock.travel(by=timedelta(minutes=10))
    messaging.reconcile()
    messaging.catch_up_inbound()
    assert State.SENT in {text.state for text in texts(lakeview)}
    assert is_out(lakeview, quitter)
    clock.travel(by=timedelta(hours=25))
    messaging.reconcile()
    assert [text.state for text in texts(northside)] == [State.UNCONFIRMED]


def test_an_unreadable_token_is_asked_for_once_a_round(
    northside, sender, carrier_fake, clock, monkeypatch, caplog
):
    """However many of its texts are in doubt: a line in the log each would hide all others."""
    carrier_fake.plan(*[Outcome(Verdict.UNKNOWN)] * 3)
    make_campaign(northside, make_recipients(northside, 3))
    drain(str(northside.id))
    clock.travel(by=timedelta(seconds=40))
    asked = []

    def credentials(organization_id):
        asked.append(organization_id)
        raise SecretUnreadable("no key")

    monkeypatch.setattr(numbers, "credentials", credentials)
    caplog.clear()
    messaging.reconcile()
    assert asked == [northside.organization_id]
    assert len(caplog.records) == 1 and "token" in caplog.text
    assert {(t.state, t.checks, t.next_check_at > clock.now) for t in texts(northside)} == {
        (State.UNKNOWN, 0, True)
    }  # not having looked is no look
    clock.travel(by=timedelta(minutes=2))
    messaging.reconcile()
    assert len(asked) == 2  # the next round asks anew


def test_people_are_told_of_an_unreadable_token_once_a_day(northside, sender, unreadable):
    unreadable()
    for _ in range(3):
        messaging.catch_up_inbound()
    db.session.rollback()
    told = db.session.query(Notice).filter(Notice.title.like("%token can't be read")).all()
    people = [notice.user_id for notice in told]
    assert len(people) == len(set(people))
    assert {cast.ALICE, cast.VERA, cast.PAT} <= set(people)
    assert cast.MALLORY not in people


def test_an_unreadable_token_hinders_no_fence(northside, sender, lakeview, unreadable):
    make_ready(lakeview)
    unreadable()
    with unit_of_work():
        assert fence.trip_all(FenceCause.OLDER) == 2
    assert records.fence(JUNIPER) is not None


def test_a_stop_of_days_nobody_could_read_is_heard(
    northside, sender, carrier_fake, clock, monkeypatch
):
    """The token was taken away for four days, and webhooks were refused, too."""
    person = make_recipient(northside)
    recovery.sweep_both_ways()
    at = clock.now + timedelta(hours=30)

    def refuse(*_):
        raise GatewayRejected("401", None, 401)

    with monkeypatch.context() as patched:
        patched.setattr(carrier_fake, "listed_since", refuse)
        patched.setattr(carrier_fake, "inbound_since", refuse)
        for _ in range(8):
            clock.travel(by=timedelta(hours=12))
            recovery.sweep_both_ways()
            messaging.catch_up_inbound()
    carrier_fake.listed = [said(sender, person, at)]
    recovery.sweep_both_ways()
    assert is_out(northside, person)


@pytest.mark.parametrize("words", ["\ud83d", None])
def test_a_text_that_cannot_be_taken_in_keeps_no_stop_back(
    northside, sender, carrier_fake, clock, words
):
    """Nor does its reading count as whole: the next sweep comes back to it."""
    odd, quitter = make_recipient(northside), make_recipient(northside)
    clock.travel(by=timedelta(hours=1))
    carrier_fake.listed = [
        said(sender, odd, clock.now - timedelta(minutes=9), words),
        said(sender, quitter, clock.now - timedelta(minutes=5)),
    ]
    recovery.sweep_both_ways()
    db.session.rollback()
    assert is_out(northside, quitter)
    assert db.session.get(CarrierWatch, JUNIPER) is None
    carrier_fake.listed.pop(0)
    recovery.sweep_both_ways()
    db.session.rollback()
    assert db.session.get(CarrierWatch, JUNIPER).swept_at is not None
