"""Locks are taken in one order, so nobody waits in a circle (RULINGS 6)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.service import (
    campaigns,
    optouts,
    outcomes,
    recovery,
    rounds,
    sending,
    statuses,
)
from portal.messaging.service.statuses import Callback
from portal.messaging.values import State
from portal.registrations import values as registrations
from portal.registrations.models import Registration
from tests.factories.messaging import (
    ALICE_ACTS,
    agree,
    bulk,
    clear,
    make_campaign,
    make_recipients,
    one_to_one,
    take,
    texts,
)
from tests.messaging.world import PAUSES, as_listed, says, sweep, twins_in_doubt
from workers import sweeps as scheduled

RANK = {
    "phone_numbers": 0,
    "messages": 1,
    "campaigns": 2,
    "daily_brands": 3,
    "daily_limits": 4,
    "daily_recipients": 4,
    "credit_accounts": 5,
    "health_hours": 6,
    "received_days": 6,
    "text_days": 6,
    "campaign_counts": 6,
    "form_days": 6,
    "basis_days": 6,
    "cause_hours": 6,
    "consent_days": 6,
    "standing_counts": 6,
    "credit_alerts": 7,
    "audit_heads": 8,
}
LOCKS = re.compile(
    r"(?:WITH .*?)?\s*(?:UPDATE|DELETE FROM|SELECT (?=.*FOR UPDATE).*?\sFROM|"
    r"INSERT INTO(?= (?:audit_heads|health_hours|received_days|text_days|campaign_counts|form_days|basis_days|"
    r"cause_hours|consent_days|standing_counts|credit_alerts|daily_brands)))\s+(\w+)",
    re.DOTALL,
)


@pytest.fixture
def departures(app):
    """Collect "this table after that one" of every transaction of the test."""
    found, held = set(), []

    def lock(connection, cursor, statement, *_):
        match = LOCKS.match(statement)
        table = match.group(1) if match else None
        if table not in RANK or table in held:  # its rows are this transaction's already
            return
        if table == "phone_numbers" and "FOR UPDATE" not in statement:  # SQLite doesn't say it
            return
        found.update(f"{table} after {h}" for h in held if RANK[h] > RANK[table])
        held.append(table)

    def forget(_connection):
        held.clear()

    listeners = [
        (db.engine, "before_cursor_execute", lock),
        (db.engine, "commit", forget),
        (db.engine, "rollback", forget),
    ]
    for listener in listeners:
        event.listen(*listener)
    yield found
    for listener in listeners:
        event.remove(*listener)


def test_what_a_person_says_and_does_locks_in_order(northside, sender, departures):
    """STOP, an opt-out by staff, a stranger's text, pause, resume, cancel, a reply, once more."""
    people = make_recipients(northside, 4)
    running = make_campaign(northside, people)
    with unit_of_work():
        says(northside, sender, people[0].number.e164, "STOP")
    with unit_of_work():
        says(northside, sender, "+13125559876", "Hi, saw your sign")
    with unit_of_work():
        optouts.opt_out(
            northside.tenant, people[1].number.e164, source="call", details="x", actor=ALICE_ACTS
        )
    for verb in (campaigns.pause, campaigns.resume, campaigns.cancel):
        with unit_of_work():
            verb(northside.tenant, running.id, actor=ALICE_ACTS)
    canceled = texts(northside, state=State.CANCELED)[0]
    with unit_of_work():
        campaigns.send_again(northside, canceled.id, nonce="again", actor=ALICE_ACTS)
    agree(northside, "+13125559877")
    with unit_of_work():
        sending.reply(northside, "+13125559877", one_to_one(), nonce="r", actor=ALICE_ACTS)
    assert departures == set()


def test_what_the_carrier_says_locks_in_order(northside, sender, clock, departures):
    """T2 and T3 of all verdicts at once, callbacks, and what the sweeps settle afterwards."""
    said = [
        Outcome(Verdict.REJECTED, code=21610, status=400),
        Outcome(Verdict.ACCEPTED, sid="SM" + "1" * 32, status=201),
        Outcome(Verdict.REJECTED, code=21211, status=400),
        Outcome(Verdict.NOT_SENT, status=429, retry_after_s=1.0),
        Outcome(Verdict.UNKNOWN, detail="ReadTimeout"),
        Outcome(Verdict.REJECTED, code=20005, status=403, is_account_trouble=True),
        Outcome(Verdict.ACCEPTED, sid="SM" + "2" * 32, status=201),
    ]
    people = make_recipients(northside, len(said))
    make_campaign(northside, people)
    make_campaign(northside, people, bulk("And once more", send_at=utcnow() + timedelta(days=1)))
    cleared = [clear(claim) for claim in take(northside)]
    with unit_of_work():
        outcomes.record_many(list(zip(cleared, said, strict=True)))
    for submission, code in ((cleared[1], 21610), (cleared[6], 30002), (cleared[4], None)):
        with unit_of_work():
            statuses.store(
                Callback(
                    northside.organization_id,
                    said[cleared.index(submission)].sid or "SM" + "3" * 32,
                    "failed" if code else "delivered",
                    code,
                    submission.message_id,
                    submission.attempt,
                    {},
                )
            )
    for pause in (*PAUSES, 80 * 3600):
        clock.travel(by=timedelta(seconds=pause))
        sweep(northside)
    scheduled.refund_failed()
    assert departures == set()


def test_a_round_locks_in_order_what_came_back_and_what_leaves_next(northside, sender, departures):
    """T3 of some texts and T2 of others in one transaction, refusals about numbers among them."""
    make_campaign(northside, make_recipients(northside, 6))
    claims = take(northside)
    with unit_of_work():
        leaving = rounds.go_round([], claims[:3])
    said = [
        Outcome(Verdict.REJECTED, code=21610, status=400),
        Outcome(Verdict.ACCEPTED, sid="SM" + "1" * 32, status=201),
        Outcome(Verdict.UNKNOWN, detail="ReadTimeout"),
    ]
    with unit_of_work():
        left = rounds.go_round(list(zip(leaving, said, strict=True)), claims[3:])
    assert departures == set()
    assert [s.message_id for s in left] == [c.id for c in claims[3:]]
    assert sorted(t.state for t in texts(northside)) == sorted(
        [State.REJECTED, State.ACCEPTED, State.UNKNOWN, *[State.SUBMITTING] * 3]
    )


def test_a_look_at_the_list_locks_in_order(northside, sender, carrier_fake, clock, departures):
    """The second text listed teaches something of the number, which goes before any text."""
    doubt, twins = twins_in_doubt(northside, carrier_fake, clock)
    codes = (None, 21610)
    listed = [as_listed(t, doubt.submitted_at, c) for t, c in zip(twins, codes, strict=True)]
    with unit_of_work():
        assert not recovery.settle_doubt(doubt, listed)
    assert departures == set()


def test_late_texts_of_a_registered_brand_lock_in_order(northside, sender, clock, departures):
    """The brand's day goes before the account's, which others give places back to at their end.

    One round that stops a text and lets another leave, one of a second worker whose texts take a
    place of a later day: in another order than this they would wait for each other.
    """
    with unit_of_work():
        db.session.add(
            Registration(
                organization_id=northside.organization_id,
                kind=registrations.Kind.A2P,
                state=registrations.State.REGISTERED,
                details=registrations.Details().to_json(),
            )
        )
    make_campaign(northside, make_recipients(northside, 2))
    clock.travel(by=timedelta(days=1))
    claims = take(northside)
    with unit_of_work():
        left = rounds.go_round([], claims)
    assert len(left) == 2
    # When texts are locked SQLite does not say.
    assert {d for d in departures if not d.startswith("messages after")} == set()
