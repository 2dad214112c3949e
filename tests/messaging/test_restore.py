"""A restored backup sends nothing until the carrier's list and the records agree (I14, R9)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging.errors import FenceNotReady
from portal.messaging.models import Message, SendingFence
from portal.messaging.queries import recovery as records
from portal.messaging.service import fence, highwater, statuses
from portal.messaging.service.fence import Waiting
from portal.messaging.service.statuses import Callback
from portal.messaging.values import FenceCause, State
from portal.notifications import queries as notifications
from tests.cast import ALICE, JUNIPER, PAT, VERA
from tests.factories.billing import make_credits
from tests.factories.messaging import (
    ALICE_ACTS,
    make_campaign,
    make_recipient,
    make_recipients,
    only_text,
    texts,
)
from tests.messaging.backups import back_up
from tests.messaging.conftest import OURS
from workers import recovery
from workers import sweeps as scheduled
from workers.sending import apply_statuses, drain


@pytest.fixture
def mark(app, settings):
    """A copy of the mark outside the database, as the programs that send keep one."""
    path = settings.var / "high-water.json"
    path.unlink(missing_ok=True)
    highwater.begin()
    yield path
    highwater.end()
    path.unlink(missing_ok=True)


def send_everything(account):
    """Drain until nothing is due: the notices follow the texts."""
    for _ in range(3):
        scheduled.release_mended()
        drain(str(account.id))


def is_out(account, person):
    return consent.standing(account.tenant, person.number.e164).is_opted_out


def drill(account, twin, clock, tmp_path, *, people, stops):
    """Send and hear STOPs after a backup, put the backup back, and boot."""
    make_credits(account, people * 4)
    recipients = make_recipients(account, people)
    make_campaign(account, recipients)
    clock.travel(by=timedelta(minutes=1))  # the carrier dates a STOP by the second
    recovery.keep_mark()
    restore = back_up(tmp_path)
    send_everything(account)
    for person in recipients[:stops]:
        twin.says(person.number.e164, OURS, "STOP")
    recovery.keep_mark()
    handed_over = twin.log()
    clock.travel(by=timedelta(minutes=30))

    restore()
    assert {t.state for t in texts(account)} == {State.QUEUED}  # as the backup believes
    send_everything(account)
    assert twin.log() == handed_over  # nothing before the list was read
    assert records.fence(JUNIPER).cause is FenceCause.OLDER

    assert recovery.mend_fenced() == 0
    assert {t.state for t in texts(account)} <= {State.ACCEPTED, State.SENT, State.DELIVERED}
    assert [is_out(account, p) for p in recipients] == [place < stops for place in range(people)]
    send_everything(account)
    assert twin.log() == handed_over  # the carrier's list lags, so it stands a while longer

    clock.travel(by=timedelta(minutes=16))
    assert recovery.mend_fenced() == 1
    send_everything(account)
    assert twin.log() == handed_over  # not one text twice, the notices neither
    assert records.fence(JUNIPER) is None
    [standing] = records.past_fences(JUNIPER)
    assert (standing.recovered, standing.learned) == (len(handed_over), stops)
    books = billing.balance(account.id)
    assert (books.reserved, books.spent) == (0, people + stops)  # a STOP is charged, too
    assert not recovery.keep_mark()  # the new generation is told once


def test_after_a_restore_nothing_goes_twice_and_every_stop_is_known(
    northside, twin, mark, clock, tmp_path
):
    """R9, small."""
    drill(northside, twin, clock, tmp_path, people=10, stops=2)


@pytest.mark.soak
def test_after_a_restore_of_500_nothing_goes_twice(northside, twin, mark, clock, tmp_path):
    """R9: 500 texts, 20 STOPs."""
    with unit_of_work():
        from portal.texting_accounts import service as accounts

        accounts.set_limits(
            northside.id,
            daily_recipients=2000,
            daily_segments=20_000,
            note="a drill",
            actor=ALICE_ACTS,
        )
    from tests.cast import account

    drill(account(northside.id), twin, clock, tmp_path, people=500, stops=20)


def test_texts_that_were_confirmed_after_the_backup_are_found_as_strays(
    northside, twin, mark, clock, tmp_path
):
    """The restored records know nothing of them: a person has to say that this is understood."""
    recovery.keep_mark()
    restore = back_up(tmp_path)
    make_campaign(northside, make_recipients(northside, 2))
    send_everything(northside)
    recovery.keep_mark()
    restore()
    recovery.keep_mark()
    recovery.mend_fenced()
    assert records.stray_count(JUNIPER) == 4  # with their notices
    clock.travel(by=timedelta(minutes=20))
    assert recovery.mend_fenced() == 0  # it needs a person
    with unit_of_work():
        fence.lift(JUNIPER, reason="The backup of noon.", waiting=Waiting.DROP, actor=ALICE_ACTS)
    assert records.stray_count(JUNIPER) == 0
    recovery.sweep_both_ways()
    assert records.fence(JUNIPER) is None  # what was explained is no alarm again


@pytest.mark.parametrize(
    ("choice", "states", "sent"),
    [
        (Waiting.DROP, {State.UNCONFIRMED}, 0),
        (Waiting.SEND, {State.ACCEPTED}, 2),
    ],
)
def test_a_person_decides_about_texts_the_list_says_nothing_of(
    choice, states, sent, northside, sender, carrier_fake, mark, clock, tmp_path
):
    """Absence from the list proves nothing (PROMISES 1.3): dropped ones cost nothing."""
    make_campaign(northside, make_recipients(northside, 2))
    recovery.keep_mark()
    restore = back_up(tmp_path)
    recovery.keep_mark()
    restore()
    assert recovery.keep_mark()
    with pytest.raises(FenceNotReady), unit_of_work():
        fence.lift(JUNIPER, reason="Go.", waiting=choice, actor=ALICE_ACTS)
    recovery.mend_fenced()
    clock.travel(by=timedelta(minutes=20))
    assert recovery.mend_fenced() == 0
    assert records.fence(JUNIPER).waiting == 2
    with unit_of_work():
        fence.lift(JUNIPER, reason="Restored by us.", waiting=choice, actor=ALICE_ACTS)
    scheduled.release_mended()
    drain(str(northside.id))
    assert {t.state for t in texts(northside)} == states
    assert len([t for t in carrier_fake.sent if t.body.startswith("Open")]) == sent
    books = billing.balance(northside.id)
    assert (books.reserved, books.spent) == (0, sent)
    lifts = db.session.scalars(
        select(AuditEntry).where(AuditEntry.event == "messaging:fence:lift")
    ).all()
    assert [entry.payload["reason"] for entry in lifts] == ["Restored by us."]


def test_a_restore_is_noticed_by_the_very_next_text_too(
    northside, sender, carrier_fake, mark, tmp_path
):
    """Between the restore and the next sweep the last look alone stands guard."""
    make_campaign(northside, [make_recipient(northside)])
    recovery.keep_mark()
    restore = back_up(tmp_path)
    recovery.keep_mark()
    restore()
    from workers.drain import Drain

    assert Drain(northside.id).run() == 0
    assert only_text(northside).state is State.HELD


@pytest.mark.parametrize(
    ("silent", "cause"), [(timedelta(seconds=59), None), (timedelta(seconds=61), FenceCause.OLDER)]
)
def test_a_database_at_rest_that_this_machine_does_not_know_counts_as_a_backup(
    northside, twin, mark, clock, silent, cause
):
    """Its var/ is new, so nothing here tells how far the database once was."""
    make_campaign(northside, [make_recipient(northside)])
    recovery.keep_mark()
    clock.travel(by=silent)
    mark.unlink()
    drain(str(northside.id))
    standing = records.fence(JUNIPER)
    assert (standing and standing.cause) == cause
    assert (only_text(northside).state is State.HELD) == (cause is not None)


def test_a_first_start_is_no_restore(northside, mark):
    assert not recovery.keep_mark()
    assert records.fence(JUNIPER) is None


def test_evidence_for_a_text_that_never_left_stops_everybody_of_the_organization(
    northside, bobs, sender, carrier_fake
):
    """I14 (b): a callback names a text that is still queued."""
    make_campaign(northside, [make_recipient(northside)])
    waiting = only_text(northside)
    with unit_of_work():
        statuses.store(
            Callback(JUNIPER, "SM" + "7" * 32, "delivered", None, UUID(str(waiting.id)), 1, {})
        )
    apply_statuses()
    assert only_text(northside).state is State.DELIVERED
    assert records.sending_state(JUNIPER).fence is FenceCause.UNSENT
    for user_id, url in (
        (ALICE, f"/organizations/{JUNIPER}/sending"),
        (VERA, f"/organizations/{JUNIPER}/sending"),
        (PAT, "/admin/sending"),
    ):
        assert url in [n.url for n in notifications.latest(user_id)]


def test_a_restore_on_top_of_strays_is_the_worse_of_the_two(northside, sender, carrier_fake):
    """What waits may have gone: a lead who explains the strays must be asked about it too."""
    make_campaign(northside, [make_recipient(northside)])
    with unit_of_work():
        fence.trip(JUNIPER, FenceCause.STRAYS)
    recovery.mend_fenced()
    assert records.fence(JUNIPER).waiting == 0
    with unit_of_work():
        fence.trip_all(FenceCause.OLDER)
    standing = records.fence(JUNIPER)
    assert (standing.cause, standing.waiting) == (FenceCause.OLDER, 1)
    assert standing.reconciled_at is None
    with unit_of_work():
        fence.trip(JUNIPER, FenceCause.UNSENT)
    assert records.fence(JUNIPER).cause is FenceCause.OLDER


def test_the_mark_is_kept_newest_and_told_apart_from_another_databases(app, mark):
    recovery.keep_mark()
    first = highwater.copy()
    recovery.keep_mark()
    second = highwater.copy()
    assert first.is_behind(second)
    highwater.keep(first)  # a slow process
    assert highwater.copy() == second
    mark.write_text("torn")
    assert second.is_behind(highwater.copy())  # a file that can't be read proves nothing


def test_a_host_that_never_ran_has_no_say(app, mark):
    assert not recovery.keep_mark()
    assert db.session.scalar(select(func.count()).select_from(SendingFence)) == 0
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_person_can_say_that_a_backup_was_restored(app, northside, sender, carrier_fake, clock):
    """Where no copy of the mark is left nothing is noticed; then a person alone lets it go on."""
    said = app.test_cli_runner().invoke(args=["restored", "--since", "2026-03-01T12:00"])
    assert "1 more organization" in said.output
    standing = records.fence(JUNIPER)
    assert standing.since == datetime(2026, 3, 1, 11, 45, tzinfo=UTC)
    recovery.mend_fenced()
    clock.travel(by=timedelta(hours=1))
    assert recovery.mend_fenced() == 0


def test_a_backup_of_tomorrow_is_refused_and_a_second_stop_says_that_it_was_none(
    app, northside, sender, clock
):
    """Local time typed as UTC: the list would have been read from too late."""
    ahead = (clock.now + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    said = app.test_cli_runner().invoke(args=["restored", "--since", ahead])
    assert said.exit_code == 2
    assert "--since" in said.output
    assert "Give the time in UTC" in said.output
    assert records.fence(JUNIPER) is None
    for words in ("1 more organization", "Nobody was left to stop"):
        assert words in app.test_cli_runner().invoke(args=["restored"]).output


def test_what_a_person_stopped_is_not_let_go_by_a_restore_noticed_later(
    northside, sender, carrier_fake, clock
):
    with unit_of_work():
        fence.trip_all(FenceCause.BY_HAND)
        fence.trip_all(FenceCause.OLDER, since=clock.now - timedelta(days=9))
    standing = records.fence(JUNIPER)
    assert (standing.cause, standing.needs_a_person) == (FenceCause.BY_HAND, True)
    assert standing.since < clock.now - timedelta(days=9)
    recovery.mend_fenced()
    clock.travel(by=timedelta(minutes=20))
    recovery.mend_fenced()
    assert records.fence(JUNIPER) is not None


@pytest.mark.parametrize("cause", [FenceCause.BY_HAND, FenceCause.OLDER])
def test_a_second_restore_is_read_from_the_earliest_time_of_all(
    northside, sender, carrier_fake, clock, cause
):
    """I14: the second backup may be older, or lack what the look after the first had taught."""
    named = [clock.now - timedelta(days=days) for days in (2, 10, 1)]
    for since in named:
        with unit_of_work():
            fence.trip_all(cause, since=since)
        standing = records.fence(JUNIPER)
        assert standing.since == min(named[: named.index(since) + 1]) - fence.OVERLAP
        assert (standing.cause, standing.reconciled_at) == (cause, None)
        assert standing.tripped_at > clock.now - timedelta(minutes=1)
        recovery.mend_fenced()
        assert records.fence(JUNIPER).reconciled_at is not None
        clock.travel(by=timedelta(minutes=2))
    told = select(func.count()).where(AuditEntry.event == "messaging:fence:deepen")
    assert db.session.scalar(told) == 2


def test_evidence_from_farther_back_is_read_from_there(northside, sender, carrier_fake, clock):
    near, far = clock.now - timedelta(days=3), clock.now - timedelta(days=20)
    for since in (near, far, near):
        with unit_of_work():
            fence.trip(JUNIPER, FenceCause.UNSENT, since=since)
        recovery.mend_fenced()
    assert records.fence(JUNIPER).since == far - fence.OVERLAP


def test_a_look_that_was_under_way_does_not_settle_a_restore_of_an_older_backup(
    northside, sender, carrier_fake, clock, monkeypatch
):
    """The list was asked for before somebody said how old the second backup is."""
    with unit_of_work():
        fence.trip_all(FenceCause.BY_HAND)
    asked, read = [], carrier_fake.listed_since

    def restored_meanwhile(credentials, since):
        if not asked:
            with unit_of_work():
                fence.trip_all(FenceCause.BY_HAND, since=clock.now - timedelta(days=30))
        asked.append(since)
        return read(credentials, since)

    monkeypatch.setattr(carrier_fake, "listed_since", restored_meanwhile)
    recovery.mend_fenced()
    assert records.fence(JUNIPER).reconciled_at is None
    recovery.mend_fenced()
    assert asked[1] < clock.now - timedelta(days=30)
    assert records.fence(JUNIPER).reconciled_at is not None


def test_a_reading_counts_from_when_it_began(
    northside, sender, carrier_fake, mark, clock, monkeypatch
):
    """Its list may lag (PROMISES 1.3): one that began before that was over lifts no fence."""
    with unit_of_work():
        fence.trip(JUNIPER, FenceCause.OLDER)
    clock.travel(by=timedelta(minutes=14))
    read = carrier_fake.listed_since

    def slowly(credentials, since):
        clock.travel(by=timedelta(minutes=6))
        return read(credentials, since)

    monkeypatch.setattr(carrier_fake, "listed_since", slowly)
    assert recovery.mend_fenced() == 0
    assert recovery.mend_fenced() == 1
