"""No sweep ends the thread it runs in (PROMISES 2.4)."""

from sqlalchemy.exc import OperationalError

from workers.schedule import Scheduler, Sweep


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
