"""The same words to one person from one number are never in doubt twice, and stop nobody else."""

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.models import Message
from portal.messaging.service import gate
from portal.messaging.values import State
from tests.factories.messaging import (
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    texts,
)
from workers.sending import drain


def states(account, person=None):
    db.session.rollback()
    found = texts(account)
    return [t.state for t in found if person is None or t.e164 == person.number.e164]


def test_a_text_confirmed_before_there_was_a_number_has_a_twin_too(northside, carrier_fake, clock):
    """It bears no number of ours until it leaves; the row in doubt bears the real one."""
    make_ready(northside)
    person, others = make_recipient(northside), make_recipients(northside, 3)
    make_campaign(northside, [person])
    make_campaign(northside, [person, *others], bulk(send_at=utcnow() + timedelta(minutes=30)))
    with unit_of_work():
        db.session.execute(db.update(Message).values(from_e164=None))
    carrier_fake.plan(Outcome(Verdict.UNKNOWN))
    drain(str(northside.id))
    clock.travel(by=timedelta(minutes=31))
    drain(str(northside.id))
    assert sorted(states(northside, person)) == [State.HELD, State.UNKNOWN]
    assert states(northside).count(State.ACCEPTED) == 3


def test_one_text_that_cannot_be_marked_keeps_no_other(northside, carrier_fake, monkeypatch):
    """A row that can't be written fails alone, at once: the others leave in the same run."""
    make_ready(northside)
    bad, *others = make_recipients(northside, 5)
    make_campaign(northside, [bad, *others])
    real = gate._mark_leaving

    def mark(leaving, *args):
        if any(one.text.e164 == bad.number.e164 for one in leaving):
            raise IntegrityError("UPDATE", {}, Exception("a wall"))
        return real(leaving, *args)

    monkeypatch.setattr(gate, "_mark_leaving", mark)
    drain(str(northside.id))
    assert states(northside, bad) == [State.CLAIMED]
    assert states(northside).count(State.ACCEPTED) == 4
