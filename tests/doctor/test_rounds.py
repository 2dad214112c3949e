"""Check-ups by the scheduler and by command: kept, told once, shown, and gone when mended."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError

from portal.core import audit
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, snapshot, unit_of_work
from portal.doctor import queries, service
from portal.doctor.values import Invariant
from portal.messaging.models import Message
from portal.notifications import queries as notices
from portal.people import queries as people
from tests import cast
from tests.factories.messaging import BODY, make_campaign, make_ready, make_recipient, only_text
from workers.schedule import End, Scheduler, slow_sweeps
from workers.sweeps import check_promises


@pytest.fixture
def text(northside):
    """A text that waits in the queue."""
    make_ready(northside)
    make_campaign(northside, [make_recipient(northside)])
    return only_text(northside)


def corrupt(text, **values):
    with unit_of_work():
        db.session.execute(update(Message).where(Message.id == text.id).values(**values))


def promises():
    db.session.rollback()
    return [kept.finding.invariant for kept in queries.kept_findings()]


def test_a_round_keeps_what_it_finds_until_it_is_mended(text, clock):
    assert check_promises() == 0
    corrupt(text, body="Send money.")
    assert check_promises() == 0  # its hour has not come
    clock.travel(by=timedelta(hours=1))
    assert check_promises() == 1
    [kept] = queries.kept_findings()
    assert (kept.finding.invariant, kept.finding.subject) == (Invariant.I6, str(text.id))
    assert kept.finding.account_id == text.account_id
    assert text.e164 not in kept.finding.sentence  # administrators see no people
    clock.travel(by=timedelta(hours=1))
    assert check_promises() == 0  # it stands, and is not new
    corrupt(text, body=BODY)
    clock.travel(by=timedelta(hours=1))
    check_promises()
    assert promises() == []


def test_each_new_finding_is_told_once_to_those_who_can_act(text, clock):
    corrupt(text, body="Send money.")
    for _ in range(3):
        check_promises()
        clock.travel(by=timedelta(hours=1))
    told = [user for user in (cast.PAT, cast.VERA) if notices.unread_count(user) == 1]
    assert told == [cast.PAT, cast.VERA]
    assert notices.unread_count(cast.MALLORY) == 0
    [notice] = notices.latest(cast.PAT)
    assert "(I6)" in notice.title


def test_who_was_waiting_longest_is_visited_first_and_a_round_ends_in_time(
    text, clock, monkeypatch
):
    ticks = iter([0, *range(0, 10_000, 15)])
    monkeypatch.setattr("time.monotonic", lambda: next(ticks))
    visited = []
    monkeypatch.setattr(service, "visit", lambda scope: visited.append(scope) or 0)
    check_promises()
    assert len(visited) == 2  # 15 s each, 20 s a round


def test_a_chain_is_followed_on_and_once_a_day_from_its_beginning(northside, clock):
    with unit_of_work():
        for serial in range(3):
            record(northside, serial)
    check_promises()
    spoil(northside, 1)
    with unit_of_work():
        record(northside, 9)
    clock.travel(by=timedelta(hours=1))
    check_promises()
    assert promises() == []  # it lies before what was followed
    clock.travel(by=timedelta(days=1))
    check_promises()
    assert promises() == [Invariant.I13]


def test_a_change_at_the_end_of_what_was_followed_is_found_at_once(northside, clock):
    with unit_of_work():
        record(northside, 1)
    check_promises()
    spoil(northside, audit.head(northside.organization_id).position, hash="0" * 64)
    clock.travel(by=timedelta(hours=1))
    check_promises()
    assert promises() == [Invariant.I13]


def record(account, serial):
    audit.record(
        "tests:thing:do", actor=SYSTEM, organization_id=account.organization_id, serial=serial
    )


def spoil(account, position, **values):
    with unit_of_work():
        db.session.execute(
            update(AuditEntry)
            .where(AuditEntry.chain == account.organization_id, AuditEntry.position == position)
            .values(**(values or {"payload": {"serial": 99}}))
        )


def test_the_scheduler_makes_rounds_in_a_thread_of_their_own(app, text):
    corrupt(text, body="Send money.")
    sweep, *_ = slow_sweeps()
    assert Scheduler(app).run_one(sweep) is End.DONE
    assert promises() == [Invariant.I6]


def test_a_snapshot_sees_one_state_whatever_others_commit(app, northside):
    def name():
        found = people.organization(cast.JUNIPER)
        return found.name

    with snapshot():
        before = name()
        with db.engine.begin() as other:
            other.exec_driver_sql("UPDATE organizations SET name = 'Changed'")
        db.session.expire_all()
        assert name() == before
    assert name() == "Changed"


def test_the_command_names_each_promise_and_fails_where_one_is_broken(app, text):
    run = app.test_cli_runner().invoke
    healthy = run(args=["doctor"])
    assert healthy.exit_code == 0
    assert "I1   holds     No text was handed over twice" in healthy.output
    assert "I8   holds     Each alert was told once" in healthy.output
    corrupt(text, body="Send money.")
    broken = run(args=["doctor"])
    assert broken.exit_code == 1
    assert "I6   1 FOUND" in broken.output
    assert str(text.id) in broken.output
    assert f'"subject": "{text.id}"' in run(args=["doctor", "--json"]).output
    assert promises() == []  # it only looks


def test_the_command_says_where_the_database_ends_and_what_it_had_found(app, text, monkeypatch):
    """PROMISES 2.8: not to have looked is neither a promise kept nor one broken."""
    corrupt(text, body="Send money.")
    whole = service.examine_everything

    def breaks_off():
        yield from whole()
        raise DatabaseError("SELECT", {}, Exception("database disk image is malformed"))

    monkeypatch.setattr(service, "examine_everything", breaks_off)
    ended = app.test_cli_runner().invoke(args=["doctor"])
    assert ended.exit_code == 2
    assert "I6   1 FOUND" in ended.output
    assert "holds" not in ended.output
    assert "could not be read" in ended.output and "malformed" in ended.output


def test_homes_and_metrics_show_what_stands(text, pat, vera, client):
    corrupt(text, body="Send money.")
    check_promises()
    for person in (pat, vera):
        page = person.get("reports.home")
        assert "does not say what was confirmed" in page.text
    metrics = client.get("/metrics").text
    assert 'consentdesk_findings{invariant="I6"} 1.0' in metrics
    assert 'consentdesk_findings{invariant="I1"} 0.0' in metrics
    assert 'consentdesk_oldest_checkup_seconds{of="all"}' in metrics
