"""A worker that is stopped by SIGSTOP at a place of the protocol. Run by test_paused.py (R5).

usage: python -m tests.messaging.paused ACCOUNT_ID VAR OFFSET_FILE

It reads a place and a number a line, drains the account, says "stopping" before it stops itself
there with the text to that number, and, let go on, "done" with the verdict it had in its hand. The time that passes meanwhile is what
OFFSET_FILE says, for the clock of its leases and for the monotonic one of its deadlines.
"""

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import event

from portal.core import clock, settings
from portal.core.db import db, unit_of_work
from portal.factory import create_app
from portal.gateways import carrier_http, sms
from portal.messaging.service import gate, outcomes
from workers import drain

AFTER_T1, IN_T2, BEFORE_CONNECT = "after_t1", "in_t2", "before_connect"
CONNECTED, AFTER_POST, IN_T3 = "connected", "after_post", "in_t3"
PLACES = (AFTER_T1, IN_T2, BEFORE_CONNECT, CONNECTED, AFTER_POST, IN_T3)


class Brake:
    """Stops the whole process, once for each time it was asked to."""

    def __init__(self):
        self.place, self.e164 = None, None
        self.lock = threading.Lock()  # held while the main thread is in a transaction

    def outside(self, place, e164s):
        """Stop in a carrier's thread at a moment when no transaction is open."""
        with self.lock:
            self.at(place, e164s)

    @contextmanager
    def unit_of_work(self):
        with self.lock, unit_of_work():
            yield

    def at(self, place, e164s):
        if place == self.place and self.e164 in e164s:
            self.place = None
            print("stopping", flush=True)
            # To this very thread: another might take it later, and this one be at the POST by then.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


class BrakedCarrier:
    """The real gateway with a place to stop before, between and after its two halves."""

    def __init__(self, real, brake):
        self.real, self.brake = real, brake
        self.verdicts = []

    def connect(self, outgoing):
        self.brake.outside(BEFORE_CONNECT, {outgoing.to})
        unreachable = self.real.connect(outgoing)
        self.brake.outside(CONNECTED, {outgoing.to})
        return unreachable

    def send(self, outgoing, deadline_monotonic):
        outcome = self.real.send(outgoing, deadline_monotonic)
        if outgoing.to == self.brake.e164:
            self.verdicts.append(outcome.verdict)
        self.brake.outside(AFTER_POST, {outgoing.to})
        return outcome


def braked_drain(brake):
    class BrakedDrain(drain.Drain):
        def _due(self, free):
            brake.at(AFTER_T1, {claim.e164 for claim in self._waiting})
            return super()._due(free)

    return BrakedDrain


def stop_at_commit_of(module, name, brake, place, numbers_of):
    """Stop at the commit of the transaction that calls this function, its locks held."""
    real = getattr(module, name)

    def braked(texts):
        done = real(texts)
        e164s = numbers_of(texts)
        event.listen(db.session(), "before_commit", lambda _: brake.at(place, e164s), once=True)
        return done

    setattr(module, name, braked)


def main() -> None:
    account_id, var, offset_file = sys.argv[1:]
    app = create_app(settings.read(os.environ, var=Path(var)))
    clock.watch(Path(offset_file))
    begun_at, real_monotonic = clock.offset().total_seconds(), time.monotonic

    def monotonic():
        return real_monotonic() + clock.offset().total_seconds() - begun_at

    time.monotonic = carrier_http.monotonic = monotonic
    clock.travel(timedelta())
    brake = Brake()
    drain.unit_of_work = brake.unit_of_work
    with app.app_context():
        carrier = BrakedCarrier(sms.current(), brake)
        sms.use(carrier)
        stop_at_commit_of(gate, "clear_many", brake, IN_T2, lambda claims: {c.e164 for c in claims})
        stop_at_commit_of(
            outcomes, "record_many", brake, IN_T3, lambda answers: {s.e164 for s, _ in answers}
        )
        for line in sys.stdin:
            brake.place, brake.e164 = line.split()
            carrier.verdicts.clear()
            braked_drain(brake)(UUID(account_id)).run()
            print("done", *carrier.verdicts[:1], flush=True)


if __name__ == "__main__":
    main()
