"""A job is a doorbell: asked for twice it waits once, and a running one is asked again."""

from rq import SimpleWorker

from portal.core import jobs
from portal.core.jobs import Job, Lane


def waiting():
    return jobs.queue(Lane.DEFAULT).job_ids


def test_asking_twice_waits_once(app):
    assert jobs.ring(Job.APPLY_STATUSES, "all")
    assert jobs.ring(Job.APPLY_STATUSES, "all")
    assert len(waiting()) == 1


def test_a_bell_rung_while_the_job_runs_is_heard_after_it(app, monkeypatch, redis):
    """Else an import started the moment its dry run ends would wait for a sweep."""
    heard = []

    def rings_for_itself(_key):
        heard.append(len(waiting()))
        if len(heard) == 1:
            assert jobs.ring(Job.APPLY_STATUSES, "all")
            assert jobs.ring(Job.APPLY_STATUSES, "all")

    monkeypatch.setattr("workers.sending.apply_statuses", rings_for_itself)
    jobs.ring(Job.APPLY_STATUSES, "all")
    SimpleWorker([jobs.queue(Lane.DEFAULT)], connection=redis, serializer="json").work(burst=True)
    assert heard == [0, 0]


def test_a_dead_queue_loses_nothing_but_the_bell(app):
    live = jobs.connection()
    from redis import Redis

    jobs.connect(Redis(unix_socket_path="/nonexistent/valkey.sock"))
    try:
        assert not jobs.ring(Job.APPLY_STATUSES, "all")
        assert jobs.waiting(Lane.DEFAULT) == 0
    finally:
        jobs.connect(live)
