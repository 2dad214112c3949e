"""A worker that kills itself with SIGKILL at one place of the protocol. Run by test_kill.py.

usage: python -m tests.messaging.doomed PLACE ACCOUNT_ID VAR OFFSET_S
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import event

from portal.core import clock, settings
from portal.core.db import db
from portal.factory import create_app
from portal.gateways import sms
from portal.messaging.service import gate, outcomes
from workers.drain import Drain


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


class DoomedCarrier:
    """The real gateway, except that we die just before or after the POST."""

    def __init__(self, real, place):
        self.real, self.place = real, place

    def connect(self, outgoing):
        return self.real.connect(outgoing)

    def send(self, outgoing, deadline_monotonic):
        if self.place == "before_post":
            die()
        outcome = self.real.send(outgoing, deadline_monotonic)
        if self.place == "after_post":
            die()
        return outcome


def die_at_commit_of(module, name):
    """Die at the commit of the transaction that calls this function."""
    real = getattr(module, name)

    def doomed(*args, **kwargs):
        done = real(*args, **kwargs)
        event.listen(db.session(), "before_commit", die)
        return done

    setattr(module, name, doomed)


def main() -> None:
    place, account_id, var, offset = sys.argv[1:]
    app = create_app(settings.read(os.environ, var=Path(var)))
    clock.watch(None)
    clock.travel(timedelta(seconds=float(offset)))
    with app.app_context():
        sms.use(DoomedCarrier(sms.current(), place))
        if place == "in_t2":
            die_at_commit_of(gate, "clear_many")
        if place == "in_t3":
            die_at_commit_of(outcomes, "record_many")
        Drain(UUID(account_id)).run()


if __name__ == "__main__":
    main()
