"""Two transactions that want the same thing at the same moment (PROMISES 3, RULINGS 6).

One stands still in the middle until the other waits for it. That takes PostgreSQL; on SQLite
the second waits at its first statement, and what comes of it must be the same.
"""

from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from portal.billing import queries as books
from portal.billing import service as billing
from portal.billing.errors import NotEnoughCredits
from portal.billing.values import Charge
from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.errors import LimitChoiceNeeded
from portal.messaging.models import Campaign, DailyRecipient, Message
from portal.messaging.service import campaigns, claims, freezing, gate, recovery, sending
from portal.messaging.values import CampaignState, Kind, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests.factories.billing import make_credits
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    only_text,
    texts,
)
from tests.meanwhile import Meanwhile, no_circle
from tests.messaging.world import as_listed, says, twins_in_doubt
from workers import sweeps as scheduled


@pytest.fixture
def meanwhile(built_app):
    other = Meanwhile(built_app)
    yield other
    other.end()


@pytest.fixture
def falling_ids(monkeypatch):
    """Each text gets a lower id than the one before: taken as they lie, they are in no order."""
    numbers = count(2**127, -1)
    monkeypatch.setattr(freezing, "uuid4", lambda: UUID(int=next(numbers)))


def confirm(account, people, draft=None):
    return sending.confirm(
        account, people, draft or bulk(), nonce=uuid4().hex, shown_key=None, actor=ALICE_ACTS
    ).id


def cancel(account, campaign):
    return campaigns.cancel(account.tenant, campaign.id, actor=ALICE_ACTS).canceled


def test_a_stop_and_cancel_the_rest(northside, sender, meanwhile, monkeypatch):
    """Once the STOP held the credits and wanted the text; the cancel the other way round."""
    person = make_recipient(northside)
    running = make_campaign(northside, [person, make_recipient(northside)])
    charge = billing.charge_inbound

    def charge_slowly(*args, **options):
        done = charge(*args, **options)
        meanwhile.do(lambda: cancel(northside, running))
        return done

    monkeypatch.setattr(billing, "charge_inbound", charge_slowly)
    with no_circle():
        says(northside, sender, person.number.e164, "STOP")
    assert meanwhile.end() == [1]
    assert {t.state for t in texts(northside)} == {State.BLOCKED, State.CANCELED}


def test_cancel_the_rest_and_the_gate(northside, sender, meanwhile, falling_ids):
    """Once a cancel locked texts as it found them, and T2 by their ids."""
    running = make_campaign(northside, make_recipients(northside, 6))
    *others, lowest = [row.id for row in texts(northside)]
    assert lowest < min(others)
    with no_circle():
        lock = select(Message.id).order_by(Message.id).with_for_update()
        db.session.execute(lock.where(Message.id == lowest)).all()
        meanwhile.do(lambda: cancel(northside, running))
        db.session.execute(lock.where(Message.id.in_(others))).all()
    assert meanwhile.end() == [6]


def test_deleting_contacts_and_the_gate(northside, sender, meanwhile, falling_ids):
    """RULINGS 6: once the database took the texts off their people as it came upon them."""
    people = make_recipients(northside, 6)
    make_campaign(northside, people)
    *others, lowest = [row.id for row in texts(northside)]
    assert lowest < min(others)
    picked = Selection(ids=tuple(person.contact.id for person in people))
    with no_circle():
        lock = select(Message.id).order_by(Message.id).with_for_update()
        db.session.execute(lock.where(Message.id == lowest)).all()
        meanwhile.do(lambda: contacts.delete_contacts(northside.tenant, picked, actor=ALICE_ACTS))
        db.session.execute(lock.where(Message.id.in_(others))).all()
    assert meanwhile.end() == [6]
    assert len(texts(northside)) == 6


def test_a_look_at_the_list_and_callbacks_of_twins(
    northside, sender, carrier_fake, clock, meanwhile
):
    """RULINGS 6: once the look locked a text's twins one by one, as the carrier listed them."""
    doubt, twins = twins_in_doubt(northside, carrier_fake, clock)
    low, high = sorted(twins, key=lambda text: text.id)
    listed = [as_listed(text, doubt.submitted_at) for text in (high, low)]
    with no_circle():
        lock = select(Message.id).with_for_update()
        db.session.execute(lock.where(Message.id == low.id)).all()
        meanwhile.do(lambda: recovery.settle_doubt(doubt, listed))
        db.session.execute(lock.where(Message.id == high.id)).all()
    assert meanwhile.end() == [False]
    assert only_text(northside, id=doubt.message_id).state is State.UNKNOWN


def test_a_resume_while_the_gate_holds_a_text_for_the_pause(northside, sender, meanwhile):
    """S-8: the gate saw the pause, the resume did not see the text; it goes on all the same."""
    running = make_campaign(northside, [make_recipient(northside)])
    with unit_of_work():
        claimed = claims.claim(northside.id, "worker-1")
    _pause_after_the_claim(running)
    with unit_of_work():
        assert gate.clear_many(claimed) == []
        meanwhile.do(lambda: campaigns.resume(northside.tenant, running.id, actor=ALICE_ACTS))
    assert meanwhile.end() == [None]
    scheduled.release_mended()
    assert only_text(northside).state is State.QUEUED


def _pause_after_the_claim(campaign):
    """Pause it as it stands when a text came back to the queue after the pause, and was claimed."""
    with unit_of_work():
        db.session.execute(
            update(Campaign).where(Campaign.id == campaign.id).values(state=CampaignState.PAUSED)
        )


def test_what_a_paused_campaign_holds_stays_held(northside, sender):
    """The sweep that frees what a resume missed lets a pause alone."""
    running = make_campaign(northside, [make_recipient(northside)])
    with unit_of_work():
        campaigns.pause(northside.tenant, running.id, actor=ALICE_ACTS)
    assert scheduled.release_mended() == 0
    assert only_text(northside).state is State.HELD


def test_a_confirm_counts_on_a_place_that_a_cancel_gives_back(northside, sender, meanwhile):
    """I7: once the cancel looked before the confirm had committed, and took the person off."""
    person = make_recipient(northside)
    first = make_campaign(northside, [person])
    with unit_of_work():
        confirm(northside, [person], bulk("Another"))
        meanwhile.do(lambda: cancel(northside, first))
    assert meanwhile.end() == [1]
    counted = queries.counters(northside, utcnow()).recipients
    listed = db.session.scalars(select(DailyRecipient.e164)).all()
    assert (counted, listed) == (1, [person.number.e164])


def test_the_gate_waits_for_a_stop_that_is_being_stored(northside, sender, meanwhile):
    """I3: a text confirmed while the STOP was stored is not in its sight; the gate sees both."""
    person = make_recipient(northside)
    is_sqlite = db.engine.dialect.name == "sqlite"
    if is_sqlite:  # nothing can be confirmed while it is stored
        make_campaign(northside, [person])
    with unit_of_work():
        says(northside, sender, person.number.e164, "STOP")
        if not is_sqlite:
            meanwhile.do(lambda: confirm(northside, [person]))
            meanwhile.do(lambda: claims.claim(northside.id, "worker-1"))
            claimed = meanwhile.end()[-1]
            meanwhile.do(lambda: gate.clear_many(claimed))
    assert meanwhile.end()[2:] == ([] if is_sqlite else [[]])
    assert only_text(northside).reason_code == "opted_out"


def test_a_text_for_tomorrow_confirmed_while_a_stop_is_stored_is_blocked_soon(
    northside, sender, meanwhile
):
    """I3: the gate would have blocked it a day later, and kept its credits until then."""
    person = make_recipient(northside)
    tomorrow = bulk(send_at=utcnow() + timedelta(days=1))
    is_sqlite = db.engine.dialect.name == "sqlite"
    if is_sqlite:  # nothing can be confirmed while it is stored: the STOP itself blocks it
        make_campaign(northside, [person], tomorrow)
    with unit_of_work():
        says(northside, sender, person.number.e164, "STOP")
        if not is_sqlite:
            meanwhile.do(lambda: confirm(northside, [person], tomorrow))
            meanwhile.end()
    assert scheduled.block_overlooked() == (0 if is_sqlite else 1)
    [text] = texts(northside, kind=Kind.BULK)
    assert (text.state, text.reason_code) == (State.BLOCKED, "opted_out")
    assert books.balance(northside.id).reserved == 0
    assert scheduled.block_overlooked() == 0


def test_what_waits_for_who_came_back_is_not_overlooked(northside, sender, clock):
    person = make_recipient(northside)
    for word in ("STOP", "START"):
        with unit_of_work():
            says(northside, sender, person.number.e164, word)
        clock.travel(by=timedelta(seconds=5))
    make_campaign(northside, [person], bulk(send_at=utcnow() + timedelta(days=1)))
    assert scheduled.block_overlooked() == 0
    assert only_text(northside, kind=Kind.BULK).state is State.QUEUED


def test_two_sends_reach_the_limit_of_the_day(northside, sender, meanwhile):
    """I7, PROMISES 3.3: the second sees what the first took."""
    with unit_of_work():
        account_service.set_limits(
            northside.id, daily_recipients=3, daily_segments=100, note="x", actor=ALICE_ACTS
        )
    tight = accounts.account(northside.id)
    people = make_recipients(tight, 4)
    make_campaign(tight, people[:1])  # from here on the day has its row
    with unit_of_work():
        confirm(tight, people[1:2])
        meanwhile.do(lambda: confirm(tight, people[2:]))
    assert meanwhile.end() == [LimitChoiceNeeded]
    assert queries.counters(tight, utcnow()).recipients == 2


def test_two_sends_reach_for_the_last_credits(northside, meanwhile):
    """I5, PROMISES 3.2: the second is refused whole."""
    make_credits(northside, 10)
    with unit_of_work():
        billing.reserve(northside, [Charge(uuid4(), 7)], at=utcnow())
        meanwhile.do(lambda: billing.reserve(northside, [Charge(uuid4(), 4)], at=utcnow()))
    assert meanwhile.end() == [NotEnoughCredits]
    assert books.balance(northside.id).available == 3
