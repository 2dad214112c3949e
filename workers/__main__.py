"""Starts a process of the supervisor: `python -m workers worker` or `python -m workers scheduler`."""

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from types import FrameType

from rq import Worker

from portal import foundation
from portal.core import jobs, log
from portal.core.jobs import Lane
from portal.messaging.service import highwater
from workers.runtime import application

# STACK 5: with RQ's defaults a worker takes minutes to notice that Redis is back.
_MAINTENANCE_S, _WORKER_TTL_S, _SIGN_OF_LIFE_S = 10, 30, 5
_LONGEST_WAIT_S = 4.0  # between two looks for a Redis that is away (RULINGS 18)
# A thread that wants Python's lock waits so long before it is given. Each statement of a round gives
# it away and wants it back, from sixteen that write to the carrier (G1); Python's own is 5 ms.
_LOCK_AFTER_S = 0.0002


class TextWorker(Worker):
    """An RQ worker whose running job hears of a stop and ends early.

    RQ doubles its wait at each failure for as long as the worker is idle, whatever came well
    in between: after a few short outages it would sleep for a minute.
    """

    max_connection_wait_time = _LONGEST_WAIT_S

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the texts that are leaving, then stop."""
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ is untyped here


def work() -> None:
    """Take jobs in order of urgency until told to stop."""
    highwater.begin()
    # Settings, the TLS context and all that sends are loaded before the first fork; what other
    # jobs need is loaded by the process that runs one (G12).
    application()
    import_module("workers.sending")
    foundation.settle()
    sys.setswitchinterval(_LOCK_AFTER_S)
    TextWorker(
        [jobs.queue(lane) for lane in Lane],
        connection=jobs.connection(),
        serializer="json",
        maintenance_interval=_MAINTENANCE_S,
        worker_ttl=_WORKER_TTL_S,
        job_monitoring_interval=_SIGN_OF_LIFE_S,
    ).work(logging_level="WARNING")


def plan() -> None:
    """Run the sweeps until told to stop; a worker need not load them all."""
    import_module("workers.schedule").main()


def main() -> int:
    """Run what the command line names."""
    commands = {"worker": work, "scheduler": plan}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.stderr.write("usage: python -m workers worker|scheduler\n")
        return 2
    log.set_up()
    commands[sys.argv[1]]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
