"""The worker and the scheduler as the supervisor starts them, on a real queue."""

import signal
import subprocess
import sys
import time

import pytest
from redis import exceptions
from rq import Queue

from portal.core import clock
from portal.core.db import db
from portal.messaging.values import ACCEPTED_FAMILY
from tests.factories.messaging import make_campaign, make_recipients, texts
from tests.patience import PROCESS_S
from workers.__main__ import TextWorker

# As `python -m workers`, but with a home of its own, for the project's var/ is somebody's
# installation, and at the test's own time, for at night texts wait (P-3).
IN_ITS_HOME = """
import datetime, pathlib, sys
from workers import __main__ as program
from portal.core import clock, settings
clock.travel(datetime.timedelta(seconds=float(sys.argv.pop())))
settings.ROOT = pathlib.Path(sys.argv.pop())
sys.exit(program.main())
"""


@pytest.fixture
def start(environment, tmp_path):
    """Start `python -m workers <what>`; what still runs at the end is ended."""
    started = []

    def run(what):
        offset = str(clock.offset().total_seconds())
        process = subprocess.Popen(
            [sys.executable, "-c", IN_ITS_HOME, what, str(tmp_path), offset],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until(what):
    end = time.monotonic() + PROCESS_S
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.2)
    return False


def states(account):
    db.session.rollback()
    return {text.state for text in texts(account)}


@pytest.mark.slow
def test_texts_go_out_though_the_queue_was_lost_and_both_stop_cleanly(
    northside, twin, start, redis
):
    """R7, RULINGS 18: the scheduler rings again; SIGTERM ends both within the grace period."""
    make_campaign(northside, make_recipients(northside, 5))
    redis.flushall()  # the bell is lost
    worker, scheduler = start("worker"), start("scheduler")
    # What is slow may be told of by the carrier's list first, and stand further on already.
    assert wait_until(lambda: states(northside) <= ACCEPTED_FAMILY), states(northside)
    taken = [(line["to"], line["body"]) for line in twin.log() if line["outcome"] == "accepted"]
    assert len({person for person, _ in taken}) == 5
    assert len(taken) == len(set(taken))
    for process in (worker, scheduler):
        process.send_signal(signal.SIGTERM)
    for process in (worker, scheduler):
        assert process.wait(12) == 0, process.stderr.read()


class CutOff(TextWorker):
    """A worker whose queue is away."""

    def heartbeat(self, *_, **__):
        raise exceptions.ConnectionError


def test_a_worker_that_saw_many_outages_still_looks_every_few_seconds(redis, monkeypatch):
    """RULINGS 18: texts go within six seconds of the queue's return; RQ's wait grows to a minute."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr("rq.worker.base.time.sleep", sleep)
    worker = CutOff([Queue("texts", connection=redis)], connection=redis, name="cut-off")
    with pytest.raises(KeyboardInterrupt):
        worker.dequeue_job_and_maintain_ttl(timeout=1)
    assert waits[0] <= 1
    assert max(waits) <= 4


def test_an_unknown_command_is_named(environment):
    done = subprocess.run(
        [sys.executable, "-m", "workers", "nonsense"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "usage: python -m workers worker|scheduler\n")
