"""SIGSTOP, for real, over HTTP: a worker sleeps at each step of a send and wakes up late (R5).

The pauses are those of leases: half of one, one and a half, ten. Nobody waits for them: the
sleeper's clocks are moved while it is stopped, and the others do what they do meanwhile.
"""

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import product

import pytest

from portal.billing import queries as billing
from portal.core import clock as core_clock
from portal.messaging.service.claims import LEASE
from portal.messaging.values import State
from tests.factories.messaging import make_campaign, make_recipient, texts
from tests.messaging import paused
from tests.messaging.world import sweep
from tests.patience import PROCESS_S

SHORT, LONG, VERY_LONG = LEASE * 0.5, LEASE * 1.5, LEASE * 10
PAUSES = (SHORT, LONG, VERY_LONG)
HOLDS_LOCKS = {paused.IN_T2, paused.IN_T3}  # nobody gets at the row while it sleeps
WENT = {State.ACCEPTED, State.SENT, State.DELIVERED}
BUSY = "429"  # what the carrier answers in the last three cells: the sleeper holds a refusal


def expected(place, pause, answer):
    """Return how often the carrier takes the text and what becomes of it.

    Whoever wakes up before a POST and too late for it hands over nothing. Whether the text goes
    out after all hangs on who came first: the reaper, after whom nothing that proves nothing
    counts, or the sleeper with its proof that no byte left.
    """
    is_reaped = pause > SHORT
    if place in {paused.BEFORE_CONNECT, paused.CONNECTED} and is_reaped:
        return 0, {State.UNCONFIRMED}
    if answer == BUSY and is_reaped:
        return 0, {State.UNCONFIRMED}
    return 1, WENT


class Sleeper:
    """The worker process, the time it is shown, and the texts it was given."""

    def __init__(self, process, offset_file, clock):
        self.process, self.offset_file, self.clock = process, offset_file, clock

    def drain_until(self, place, e164):
        """Let it work up to a place with a text; it is stopped there when this returns."""
        self.show_time()
        self.process.stdin.write(f"{place} {e164}\n")
        self.process.stdin.flush()
        self.hear("stopping")
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    def wake(self):
        """Let it finish; return the verdict it had in its hand."""
        self.show_time()
        self.process.send_signal(signal.SIGCONT)
        return self.hear("done")

    def hear(self, word):
        is_heard, _, _ = select.select([self.process.stdout], [], [], PROCESS_S)
        line = self.process.stdout.readline() if is_heard else "(nothing)"
        if not line.startswith(word):
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()  # or its stderr has no end
            pytest.fail(f"not {word!r} but {line!r}: {self.process.stderr.read()}")
        return line.split()[1:]

    def show_time(self):
        core_clock.write_offset(self.offset_file, core_clock.offset())


@pytest.fixture
def sleeper(northside, twin, environment, settings, tmp_path, clock):
    offset_file = tmp_path / "offset"
    core_clock.write_offset(offset_file, core_clock.offset())
    command = [sys.executable, "-m", "tests.messaging.paused", str(northside.id)]
    process = subprocess.Popen(
        [*command, str(settings.var), str(offset_file)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield Sleeper(process, offset_file, clock)
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    "pauses", [(LONG,), pytest.param(PAUSES, marks=pytest.mark.soak)], ids=["short", "full"]
)
def test_a_worker_that_wakes_up_late_doubles_nothing(northside, twin, sleeper, clock, pauses):
    """PROMISES 2.7, 5.1 R5: 0 doubled in any cell, and no stale refusal is believed."""
    cells = [
        *((*cell, None) for cell in product(paused.PLACES, pauses)),
        *((paused.AFTER_POST, pause, BUSY) for pause in pauses),
    ]
    stale, people = 0, {}
    for number, (place, pause, answer) in enumerate(cells):
        person = make_recipient(northside, number=f"+1312556{number:04d}")
        people[person.number.e164] = (place, pause, answer)
        make_campaign(northside, [person])
        if answer is not None:
            twin.plan(answer)
        sleeper.drain_until(place, person.number.e164)
        clock.travel(by=pause)
        if place not in HOLDS_LOCKS:
            sweep(northside)
        verdict = sleeper.wake()
        if expected(place, pause, answer)[0] == 0:
            assert verdict == ["not_sent"], (place, pause, answer)
            [text] = texts(northside, e164=person.number.e164)
            assert (text.state, text.attempt) == (State.UNKNOWN, 1), "and nobody believes it"
            stale += 1
        for _ in range(2):
            clock.travel(by=timedelta(seconds=5))
            sweep(northside)
    assert stale == 3 * sum(pause > SHORT for pause in pauses)

    for pause in (61, 120, 600, 3600, 12 * 3600, 12 * 3600):
        clock.travel(by=timedelta(seconds=pause))
        sweep(northside)
    taken = Counter(one["to"] for one in twin.log() if one["body"].startswith("Open house"))
    found = {text.e164: (taken[text.e164], text.state) for text in texts(northside)}
    wrong = [
        (cell, found[e164])
        for e164, cell in people.items()
        if found[e164][0] != expected(*cell)[0] or found[e164][1] not in expected(*cell)[1]
    ]
    assert wrong == []
    assert max(taken.values()) == 1
    balance = billing.balance(northside.id)
    assert (balance.spent, balance.reserved) == (sum(taken.values()), 0)
