"""A scheduler that kills itself with SIGKILL in the sweep of plans. Run by test_proofs.py.

usage: python -m tests.drips.doomed PLACE VAR OFFSET_S
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from portal.core import clock, settings
from portal.core.db import db
from portal.drips.service import running
from portal.factory import create_app
from workers import drips


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    place, var, offset = sys.argv[1:]
    app = create_app(settings.read(os.environ, var=Path(var)))
    clock.watch(None)
    clock.travel(timedelta(seconds=float(offset)))
    with app.app_context():
        real = running.run

        def doomed(*args, **kwargs):
            done = real(*args, **kwargs)
            event.listen(db.session(), place, die)
            return done

        running.run = doomed
        drips.run_plans()


if __name__ == "__main__":
    main()
