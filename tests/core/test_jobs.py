"""A job is a doorbell: asked for twice it waits once, and a running one is asked again."""

from datetime import UTC, datetime, timedelta

import pytest
from rq import SimpleWorker
from rq.job import Job as QueuedJob

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
    run(redis)
    assert heard == [0, 0]


def run(redis):
    SimpleWorker([jobs.queue(Lane.DEFAULT)], connection=redis, serializer="json").work(burst=True)


@pytest.mark.parametrize("job", [Job.DELIVER_WEBHOOKS, Job.SEND_MAILS, Job.SETTLE_PAYMENT])
def test_jobs_that_failed_are_in_nobody_s_way(app, monkeypatch, redis, job):
    """Two of them held both names of a doorbell: an endpoint or a mail was silent for an hour."""
    tried = []

    def breaks(key):
        tried.append(key)
        raise ValueError

    monkeypatch.setattr(job.value, breaks)
    for _ in range(4):
        assert jobs.ring(job, "all")
        run(redis)
    assert len(tried) == 4


def test_a_job_whose_worker_died_is_in_nobody_s_way_and_one_that_runs_is_not_run_twice(app, redis):
    assert jobs.ring(Job.SEND_MAILS, "all")
    queue = jobs.queue(Lane.DEFAULT)
    [job] = queue.jobs
    queue.remove(job)
    job.set_status("started")
    job.heartbeat(datetime.now(UTC), 60)
    assert jobs.ring(Job.SEND_MAILS, "all")
    assert waiting() == [f"{job.id}-again"]
    job.heartbeat(datetime.now(UTC) - timedelta(minutes=1), 60)
    assert jobs.ring(Job.SEND_MAILS, "all")
    assert waiting() == [f"{job.id}-again", job.id]


def test_a_job_that_ends_while_it_is_looked_at_is_in_nobody_s_way(app, monkeypatch, redis):
    """Once whoever had just confirmed a send was told that something went wrong."""
    assert jobs.ring(Job.SEND_MAILS, "all")
    queue, fetch = jobs.queue(Lane.DEFAULT), QueuedJob.fetch

    def fetch_and_end(name, **options):
        found = fetch(name, **options)
        queue.remove(found)
        redis.delete(found.key)
        return found

    monkeypatch.setattr(QueuedJob, "fetch", fetch_and_end)
    assert jobs.ring(Job.SEND_MAILS, "all")
    assert waiting() == ["send_mails-default-all"]


def test_a_dead_queue_loses_nothing_but_the_bell(app):
    live = jobs.connection()
    from redis import Redis

    jobs.connect(Redis(unix_socket_path="/nonexistent/valkey.sock"))
    try:
        assert not jobs.ring(Job.APPLY_STATUSES, "all")
        assert jobs.waiting(Lane.DEFAULT) == 0
    finally:
        jobs.connect(live)
