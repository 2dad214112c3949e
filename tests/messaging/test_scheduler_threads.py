"""No sweep ends the thread it runs in, and none that failed waits for its next day (PROMISES 2.4)."""

import time
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from portal.core.db import db, unit_of_work
from portal.messaging.queries import recovery
from portal.messaging.service import sweeps
from workers.schedule import End, Scheduler, Sweep

DAY = 86_400


def away(*_):
    raise OperationalError("SELECT", {}, Exception("the server closed the connection"))


def test_a_thread_outlives_a_sweep_that_leaves_a_broken_connection(app, monkeypatch):
    """Its rollback, too, may raise: then the server went away between two reads."""
    scheduler, ran = Scheduler(app), []

    def run_one(sweep):
        ran.append(sweep.name)
        if sweep.name == "last":
            scheduler._stop.set()
        raise OperationalError("ROLLBACK", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(scheduler, "run_one", run_one)
    scheduler._loop([Sweep("first", 0, list), Sweep("last", 0, list)])
    assert ran == ["first", "last"]


def due_in(scheduler, monkeypatch, work, every_s=DAY, rounds=1):
    """Return after how many seconds a sweep is due again, after each of some rounds of its table."""
    sweep, waits = Sweep("daily", every_s, work), []

    def turn(_tick):
        waits.append(round(sweep.due_at - time.monotonic()))
        sweep.due_at = 0.0
        if len(waits) == rounds:
            scheduler._stop.set()

    monkeypatch.setattr(scheduler._stop, "wait", turn)
    scheduler._loop([sweep])
    return waits


def test_a_daily_sweep_that_failed_runs_again_soon_and_later_less_often(app, monkeypatch):
    waits = due_in(Scheduler(app), monkeypatch, away, rounds=9)
    assert waits == [10, 20, 40, 80, 160, 320, 640, 640, 640]


def test_a_failure_nobody_foresaw_is_one_too(app, monkeypatch):
    assert due_in(Scheduler(app), monkeypatch, lambda: 1 // 0) == [10]


def test_a_broken_connection_is_a_failure(app, monkeypatch):
    scheduler = Scheduler(app)
    monkeypatch.setattr(scheduler, "run_one", away)
    assert due_in(scheduler, monkeypatch, list) == [10]


def test_a_lock_that_could_not_be_taken_is_a_failure(app, monkeypatch):
    """The database blinked before anybody could say who does it."""
    monkeypatch.setattr(sweeps, "take", away)
    assert due_in(Scheduler(app), monkeypatch, list) == [10]


def test_what_succeeds_starts_its_waits_anew(app, monkeypatch):
    ends = iter([away, away, list, away])

    def work():
        return next(ends)()

    waits = due_in(Scheduler(app), monkeypatch, work, rounds=4)
    assert waits == [10, 20, DAY, 10]


def test_no_wait_is_longer_than_the_interval(app, monkeypatch):
    assert due_in(Scheduler(app), monkeypatch, away, every_s=15, rounds=3) == [10, 15, 15]


@pytest.fixture
def ran():
    return []


@pytest.fixture
def held(app, ran):
    """A daily sweep that another process has begun, as a scheduler finds it."""
    with unit_of_work():
        assert sweeps.take("daily", "another")
    return Sweep("daily", DAY, lambda: ran.append(1))


def test_what_another_process_does_is_not_done_again(app, held, ran):
    scheduler = Scheduler(app)
    assert scheduler.run_one(held) is End.HELD
    with unit_of_work():
        sweeps.done("daily", "another")
    assert (scheduler.run_one(held), ran) == (End.DONE, [])
    assert (scheduler.run_one(held), ran) == (End.DONE, [1])  # the next day


def test_what_a_process_died_over_is_done_when_its_lock_has_run_out(
    app, held, ran, monkeypatch, clock
):
    """Once a daily sweep waited a day where a scheduler was killed in the middle of it."""
    scheduler = Scheduler(app)
    waits = due_in(scheduler, monkeypatch, held.run)
    assert waits == [65]
    assert scheduler.run_one(held) is End.HELD
    clock.travel(by=timedelta(seconds=waits[0]))
    assert (scheduler.run_one(held), ran) == (End.DONE, [1])


def test_what_is_held_is_looked_at_no_later_than_its_interval(app, held, monkeypatch):
    assert due_in(Scheduler(app), monkeypatch, held.run, every_s=30) == [30]


def run(scheduler, sweep):
    """Run a sweep as its table does; return which people are told have failed."""
    end = scheduler._run_guarded(sweep)
    assert end is not End.HELD
    db.session.rollback()
    return recovery.failed_sweeps()


@pytest.mark.parametrize("is_locked", [True, False])
def test_people_see_which_sweep_fails_until_it_goes_well(app, is_locked):
    scheduler, ends = Scheduler(app), iter([list, away, away, list])

    def work():
        return next(ends)()

    sweep = Sweep("daily", DAY, work, is_locked)
    told = [run(scheduler, sweep) for _ in range(4)]
    assert told == [(), ("daily",), ("daily",), ()]


@pytest.mark.parametrize("is_locked", [True, False])
def test_what_failed_before_its_scheduler_died_goes_well_in_the_next(app, is_locked):
    """Nor does anybody wait for the lock of the one that failed."""
    before, after = Scheduler(app), Scheduler(app)
    after._owner = "another"
    assert run(before, Sweep("daily", DAY, away, is_locked)) == ("daily",)
    assert run(after, Sweep("daily", DAY, list, is_locked)) == ()


def test_what_another_process_does_is_not_marked_as_failed(app, monkeypatch):
    with unit_of_work():
        assert sweeps.take("daily", "another")
    monkeypatch.setattr(sweeps, "take", away)
    assert run(Scheduler(app), Sweep("daily", DAY, away)) == ()


@pytest.mark.parametrize("fault", [away, lambda *_: 1 // 0])
def test_a_mark_that_cannot_be_made_ends_no_thread(app, monkeypatch, fault):
    monkeypatch.setattr(sweeps, "failed", fault)
    assert run(Scheduler(app), Sweep("daily", DAY, away)) == ()


def test_a_failure_after_another_process_did_it_stays_marked(app, held):
    """It went well while we looked on, then failed: that is newer."""
    scheduler = Scheduler(app)
    assert scheduler.run_one(held) is End.HELD
    with unit_of_work():
        sweeps.done("daily", "another")
        sweeps.failed("daily", "another")
    assert run(scheduler, held) == ("daily",)


def test_a_lock_renewed_as_its_sweep_fails_leaves_the_mark(app):
    with unit_of_work():
        assert sweeps.take("daily", "one")
        sweeps.failed("daily", "one")
        sweeps.renew({"daily": "one"})
        assert recovery.failed_sweeps() == ("daily",)
        assert sweeps.take("daily", "another")


def test_what_goes_well_each_second_is_written_down_once(app, monkeypatch):
    scheduler, written = Scheduler(app), []
    monkeypatch.setattr(sweeps, "went_well", written.append)
    sweep = Sweep("often", 1, list, is_locked=False)
    assert [run(scheduler, sweep) for _ in range(3)] == [()] * 3
    assert written == ["often"]


def test_a_mark_leaves_alone_what_other_sweeps_do(app):
    with unit_of_work():
        assert sweeps.take("held", "another")
        sweeps.failed("weekly", "another")
    assert run(Scheduler(app), Sweep("daily", DAY, away, False)) == ("daily", "weekly")
    assert run(Scheduler(app), Sweep("daily", DAY, list, False)) == ("weekly",)
    with unit_of_work():
        sweeps.went_well("held")
        assert not sweeps.take("held", "a third")
