"""What can't be done holds up no other text's sweep (PROMISES 2.4): more of it than one read returns."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.models import Message, WebhookEvent
from portal.messaging.service import evidence, similar
from portal.messaging.values import State
from portal.numbers import queries as numbers
from tests.factories.messaging import make_campaign, make_recipients, one_to_one, texts
from workers import messaging
from workers.sending import apply_statuses, drain


def test_status_callbacks(northside, sender, monkeypatch):
    """500 are applied at once; the one in a batch that can't be is alone in the end."""
    make_campaign(northside, make_recipients(northside, 5))
    bad, *good = [text.id for text in texts(northside)]
    with unit_of_work():
        db.session.execute(update(Message).values(state=State.ACCEPTED))
        for n, id_ in enumerate((bad, *good)):
            db.session.add(
                WebhookEvent(
                    dedupe_key=f"{n}", organization_id=northside.organization_id, sid=f"SM{n:032d}",
                    status="delivered", message_id=id_, attempt=1, payload={},
                    received_at=utcnow() + timedelta(seconds=n - 10),
                )
            )  # fmt: skip
    apply_many = evidence.apply_many

    def broken(proofs):
        if any(proof.message_id == bad for proof in proofs):
            raise ValueError(bad)
        return apply_many(proofs)

    monkeypatch.setattr(evidence, "apply_many", broken)
    assert [apply_statuses(), apply_statuses()] == [4, 0]
    monkeypatch.setattr(evidence, "apply_many", apply_many)
    assert apply_statuses() == 1


def test_texts_in_doubt(northside, sender, carrier_fake, clock, monkeypatch):
    """Looking for 21 of them fails in a way nobody foresaw; 20 are read at once."""
    carrier_fake.plan(*[Outcome(Verdict.UNKNOWN)] * 22)
    make_campaign(northside, make_recipients(northside, 22))
    drain(str(northside.id))
    clock.travel(by=timedelta(seconds=40))
    doubts = [text for text in texts(northside) if text.state is State.UNKNOWN]
    assert len(doubts) == 22
    looked, last = [], doubts[-1].e164

    def find(credentials, to, since):
        looked.append(to)
        if to != last:
            raise ValueError(to)
        return []

    with unit_of_work():
        for n, text in enumerate(doubts):
            db.session.execute(
                update(Message)
                .where(Message.id == text.id)
                .values(next_check_at=utcnow() - timedelta(seconds=30 - n))
            )
    monkeypatch.setattr(carrier_fake, "find", find)
    messaging.reconcile()
    assert looked[-1] == last and len(looked) == 22


def test_texts_in_doubt_of_whom_nobody_can_ask(northside, sender, carrier_fake, clock, monkeypatch):
    carrier_fake.plan(Outcome(Verdict.UNKNOWN))
    make_campaign(northside, make_recipients(northside, 1))
    drain(str(northside.id))
    clock.travel(by=timedelta(seconds=40))
    monkeypatch.setattr(numbers, "credentials", lambda organization_id: None)
    messaging.reconcile()
    [text] = texts(northside)
    assert (text.checks, text.next_check_at > utcnow()) == (0, True)


@pytest.mark.parametrize("at_once", [1, similar.BATCH])
def test_texts_to_be_compared(northside, sender, monkeypatch, at_once):
    """What can't be sorted holds up neither those read after it nor its own organization's (H-2)."""
    body = "Buyers pay above asking for homes like yours while inventory stays low. Shall I look?"
    first, last = make_recipients(northside, 2)
    bad = make_campaign(northside, [first], one_to_one(body))
    make_campaign(northside, [last], one_to_one(body))
    place = similar._place

    def broken(batch, ours):
        if bad.id in ours:
            raise ValueError(bad.id)
        return place(batch, ours)

    monkeypatch.setattr(similar, "BATCH", at_once)
    monkeypatch.setattr(similar, "_place", broken)
    assert [messaging.sort_texts(), messaging.sort_texts()] == [1, 0]
    monkeypatch.setattr(similar, "_place", place)
    assert messaging.sort_texts() == 1
