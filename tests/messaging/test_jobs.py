"""Jobs called directly, twice, and once through the queue."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from rq import SimpleWorker
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.core import jobs
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy
from portal.core.jobs import Lane
from portal.core.tenancy import Tenant
from portal.gateways.sms import Listed, Outcome, Verdict
from portal.messaging import queries
from portal.messaging.models import Message
from portal.messaging.rules import whys
from portal.messaging.service import gate, optouts, recovery, sweeps
from portal.messaging.values import Kind, State
from portal.notifications import queries as notifications
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests.cast import ALICE
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    clear,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    take,
    texts,
)
from workers import journal, messaging, schedule
from workers import sweeps as scheduled
from workers.drain import THREADS, Drain
from workers.sending import drain


def test_drain_sends_once_however_often_it_runs(northside, sender, carrier_fake):
    make_campaign(northside, make_recipients(northside, 3))
    for _ in range(2):
        drain(str(northside.id))
    assert len([t for t in carrier_fake.sent if t.body.startswith("Open house")]) == 3
    assert billing.balance(northside.id).spent == 3


def test_a_confirm_reaches_the_carrier_through_the_queue(northside, sender, carrier_fake, redis):
    make_campaign(northside, [make_recipient(northside)], one_to_one())
    queue = jobs.queue(Lane.URGENT)
    assert queue.job_ids == [f"drain-urgent-{northside.id}"]
    SimpleWorker([queue], connection=redis, serializer="json").work(burst=True)
    assert only_text(northside).state is State.ACCEPTED


def test_a_lost_bell_is_rung_again(northside, sender, redis):
    """PROMISES 2.7: Redis flushed."""
    make_campaign(northside, [make_recipient(northside)])
    redis.flushall()
    assert scheduled.ring_for_waiting_texts() == 1
    assert jobs.queue(Lane.TEXTS).job_ids == [f"drain-texts-{northside.id}"]


def test_a_failed_job_does_not_keep_its_name(northside, sender, redis):
    """RQ keeps a failed job under its name for an hour; the texts can't wait for that."""
    make_campaign(northside, [make_recipient(northside)])
    queue = jobs.queue(Lane.TEXTS)
    [failed] = queue.jobs
    queue.remove(failed)
    failed.set_status("failed")
    scheduled.ring_for_waiting_texts()
    assert queue.job_ids == [f"drain-texts-{northside.id}"]


def test_the_first_text_is_followed_by_one_free_notice(northside, sender, carrier_fake):
    """S-3: once for an account and a number, in the contact's language."""
    person = make_recipient(northside)
    make_campaign(northside, [person])
    drain(str(northside.id))
    make_campaign(northside, [person], bulk("Another one"))
    drain(str(northside.id))
    assert [t.body for t in carrier_fake.sent] == [
        "Open house on Saturday at 2.",
        "Prefer a phone call or email? Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
        "Another one",
    ]
    [notice] = db.session.scalars(select(Message).where(Message.kind == Kind.SYSTEM))
    assert (notice.credits, notice.slot_on) == (0, None)


def test_account_trouble_stops_the_account_and_its_texts_wait(northside, sender, carrier_fake):
    """PROMISES 2.4: 20005 is no failure of a text; after reinstatement they go, once each."""
    carrier_fake.plan(
        *[Outcome(Verdict.REJECTED, code=20005, status=403, is_account_trouble=True)] * 3
    )
    make_campaign(northside, make_recipients(northside, 3))
    drain(str(northside.id))
    assert {(t.state, t.reason_code) for t in texts(northside)} == {
        (State.HELD, "account_suspended")
    }
    assert accounts.account(northside.id).state == "suspended"
    assert "suspended" in notifications.latest(ALICE)[0].title
    assert billing.balance(northside.id).reserved == 3
    assert scheduled.release_mended() == 0
    carrier_fake.planned.clear()
    with unit_of_work():
        account_service.reinstate(northside.id, actor=ALICE_ACTS)
    assert scheduled.release_mended() == 3
    drain(str(northside.id))
    assert {t.state for t in texts(northside)} == {State.ACCEPTED}


def test_a_refusal_because_of_an_opt_out_is_an_opt_out(northside, sender, carrier_fake):
    """Q-8: 21610 is stored, and whatever else waits for that number is blocked."""
    person = make_recipient(northside)
    carrier_fake.plan(Outcome(Verdict.REJECTED, code=21610, status=400))
    make_campaign(northside, [person])
    make_campaign(northside, [person], bulk("Tomorrow's text", send_at=utcnow() + timedelta(1)))
    drain(str(northside.id))
    assert [(t.state, t.reason_code) for t in texts(northside)] == [
        (State.REJECTED, "carrier_refused"),
        (State.BLOCKED, "opted_out"),
    ]
    assert billing.balance(northside.id).reserved == 0


def test_a_stale_worker_changes_nothing(northside, sender, carrier_fake, clock):
    """R5: its lease ran out, another took over; its claim clears nothing, its no is not heard."""
    make_campaign(northside, [make_recipient(northside)])
    [old] = take(northside, owner="sleeper")
    clock.travel(by=timedelta(seconds=61))
    [new] = take(northside, owner="other")
    assert clear(old) is None
    submission = clear(new)
    assert submission is not None
    from portal.messaging.service import outcomes

    stale = type(submission)(
        submission.message_id,
        submission.organization_id,
        submission.account_id,
        submission.e164,
        old.epoch,
        submission.attempt,
        submission.outgoing,
    )
    with unit_of_work():
        outcomes.record(stale, Outcome(Verdict.NOT_SENT))
    assert only_text(northside).state is State.SUBMITTING


def test_the_same_words_are_never_in_doubt_twice(northside, sender, carrier_fake):
    """PROMISES 2.3: one unknown; the same text to the same person waits for it."""
    person = make_recipient(northside)
    carrier_fake.plan(Outcome(Verdict.UNKNOWN))
    make_campaign(northside, [person])
    drain(str(northside.id))
    make_campaign(northside, [person])
    drain(str(northside.id))
    assert [(t.state, t.reason_code) for t in texts(northside)] == [
        (State.UNKNOWN, None),
        (State.HELD, "twin_in_doubt"),
    ]


def test_an_outcome_the_database_does_not_take_is_kept_on_disk(
    northside, sender, carrier_fake, settings
):
    """PROMISES 2.3: the journal is replayed at the next start, and again harmlessly."""
    make_campaign(northside, [make_recipient(northside)])
    [claim] = take(northside)
    submission = clear(claim)
    outcome = carrier_fake.send(submission.outgoing, 0.0)
    journal.append(submission, outcome)
    assert journal.replay() == 1
    assert only_text(northside).state is State.ACCEPTED
    journal.append(submission, outcome)
    assert journal.replay() == 1
    assert billing.balance(northside.id).spent == 1


def test_what_came_back_is_written_down_though_the_next_cannot_be_cleared(
    northside, sender, carrier_fake, monkeypatch
):
    """I16 keeps the next from leaving; T3 of those that have left does not wait for it."""
    make_campaign(northside, make_recipients(northside, THREADS + 1))
    really = gate.clear_many
    asked = []

    def fails_the_second_time(due):
        asked.append(due)
        if len(asked) > 1:
            raise OperationalError("SELECT", {}, Exception("a fact cannot be read"))
        return really(due)

    monkeypatch.setattr(gate, "clear_many", fails_the_second_time)
    with pytest.raises(OperationalError):
        Drain(northside.id).run()
    left = len(asked[0])  # how many the pace of the number lets go in the first moment
    assert 0 < left <= THREADS
    ends = Counter(t.state for t in texts(northside))
    assert ends == {State.ACCEPTED: left, State.CLAIMED: THREADS + 1 - left}


def test_texts_leave_at_the_numbers_pace(northside, carrier_fake):
    """RULINGS 12: one segment a second by default."""
    from tests.factories.messaging import make_ready

    make_ready(northside, segments_per_second=5)
    make_campaign(northside, make_recipients(northside, 6))
    started = time.monotonic()
    Drain(northside.id).run()
    assert time.monotonic() - started >= 1.0


def test_a_text_past_midnight_counts_on_the_day_it_leaves(northside, sender, carrier_fake, clock):
    """PROMISES 3.3: today's place is taken late and yesterday's given back."""
    make_campaign(northside, make_recipients(northside, 2))
    clock.travel(by=timedelta(days=1))
    drain(str(northside.id))
    assert {t.state for t in texts(northside)} == {State.ACCEPTED}
    assert queries.counters(northside, utcnow()).recipients == 2
    assert queries.counters(northside, utcnow() - timedelta(days=1)).recipients == 0


def test_failed_texts_are_refunded_after_three_days(northside, sender, carrier_fake, clock):
    """PROMISES 2.6."""
    from portal.messaging.service import evidence

    make_campaign(northside, [make_recipient(northside)])
    drain(str(northside.id))
    text = only_text(northside)
    with unit_of_work():
        evidence.apply(
            evidence.Evidence(
                text.id, text.sid, evidence.Source.CALLBACK, State.FAILED, error_code=30008
            )
        )
    assert scheduled.refund_failed() == 0
    clock.travel(by=timedelta(hours=73))
    assert scheduled.refund_failed() == 1
    assert scheduled.refund_failed() == 0
    assert billing.balance(northside.id).spent == 0


def test_a_sweep_that_takes_long_keeps_its_lock_while_its_scheduler_lives(app, clock):
    """RULINGS 18: the lock is renewed meanwhile; without that another takes it after a minute."""
    is_free = []

    def other_tries():
        with unit_of_work():
            is_free.append(sweeps.take("long", "another"))

    def work():
        for _ in range(4):
            clock.travel(by=timedelta(seconds=40))
            scheduler.keep_locks()
            other_tries()

    scheduler = schedule.Scheduler(app)
    assert scheduler.run_one(schedule.Sweep("long", 60, work)) is schedule.End.DONE
    assert is_free == [False] * 4
    clock.travel(by=timedelta(minutes=2))
    scheduler.keep_locks()  # nothing runs any more: nothing is renewed
    other_tries()
    assert is_free[-1]


def test_a_sweep_is_locked_by_a_row(app, clock):
    """RULINGS 18."""
    with unit_of_work():
        assert sweeps.take("reap", "one")
        assert not sweeps.take("reap", "two")
    with unit_of_work():
        sweeps.done("reap", "one")
        assert sweeps.take("reap", "two")
    clock.travel(by=sweeps.LEASE + timedelta(seconds=1))
    with unit_of_work():
        assert sweeps.take("reap", "one")  # "two" died


def test_reaping_twice_is_reaping_once(northside, sender, clock):
    make_campaign(northside, [make_recipient(northside)])
    [claim] = take(northside)
    clear(claim)
    clock.travel(by=timedelta(seconds=61))
    counts = []
    for _ in range(2):
        with unit_of_work():
            counts.append(recovery.reap())
    assert counts == [1, 0]
    assert only_text(northside).state is State.UNKNOWN


def test_staff_can_enter_an_opt_out(northside, sender):
    """Q-7."""
    person = make_recipient(northside)
    make_campaign(northside, [person])
    with unit_of_work():
        stopped = optouts.opt_out(
            Tenant(northside.organization_id, northside.id),
            person.number.e164,
            source="call",
            details="Called the office.",
            actor=ALICE_ACTS,
        )
    assert stopped == 1


def test_a_stop_whose_webhook_was_lost_is_found_in_the_list(northside, sender, carrier_fake):
    """PROMISES 2.4, W6: found once, obeyed; a START after it stays."""
    person = make_recipient(northside)
    make_campaign(northside, [person])

    def listed(sid, body, minutes_ago):
        at = utcnow() - timedelta(minutes=minutes_ago)
        return Listed(sid, sender.e164, person.number.e164, body, "inbound", "received", at)

    carrier_fake.listed = [listed("SM" + "1" * 32, "STOP", 30)]
    assert messaging.catch_up_inbound() == 1
    assert messaging.catch_up_inbound() == 0
    assert only_text(northside).reason_code == "opted_out"
    carrier_fake.listed = [listed("SM" + "2" * 32, "START", 20), *carrier_fake.listed]
    assert messaging.catch_up_inbound() == 1
    carrier_fake.listed = [listed("SM" + "3" * 32, "STOP", 25), *carrier_fake.listed]
    assert messaging.catch_up_inbound() == 1
    assert not consent.standing(northside.tenant, person.number.e164).is_opted_out


def test_every_fix_leads_to_a_page(app):
    for endpoint, _label in whys.FIXES.values():
        assert endpoint in app.view_functions


def test_a_list_that_cannot_be_read_delays_no_other_accounts_doubts(
    northside, sender, carrier_fake, clock, monkeypatch
):
    """PROMISES 2.4: not having looked is no look, and it is not asked again at every turn."""
    carrier_fake.plan(Outcome(Verdict.UNKNOWN))
    make_campaign(northside, [make_recipient(northside)])
    drain(str(northside.id))
    clock.travel(by=timedelta(seconds=40))

    def busy(credentials, to, since):
        raise GatewayBusy("later")

    monkeypatch.setattr(carrier_fake, "find", busy)
    messaging.reconcile()
    assert recovery.doubts_due() == []
    assert only_text(northside).checks == 0
    clock.travel(by=timedelta(seconds=61))
    assert len(recovery.doubts_due()) == 1
