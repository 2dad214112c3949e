"""Work that meets other work: started together, or in a thread up to where it waits for a lock."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from portal.core.db import db, unit_of_work
from tests.patience import PROCESS_S


@contextmanager
def no_circle():
    """A unit of work that fails the test where it waited in a circle with what it met.

    The database ends one of the two, whichever looks first: the other's end tells of it itself.
    """
    try:
        with unit_of_work():
            yield
    except OperationalError as ended:
        pytest.fail(f"they waited in a circle: {ended.orig}")


class Meanwhile:
    """Does work in a unit of work of its own, in another thread."""

    def __init__(self, app):
        self.app, self.threads, self.ends = app, [], []

    def do(self, work):
        """Start the work and come back when it waits for a lock, or is done."""
        thread = threading.Thread(target=self._run, args=(work,))
        self.threads.append(thread)
        thread.start()
        if db.engine.dialect.name == "sqlite":  # it waits for the one write lock
            return
        end = time.monotonic() + PROCESS_S
        with db.engine.connect() as connection:
            waiting = text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            while thread.is_alive() and not connection.scalar(waiting):
                assert time.monotonic() < end
                connection.rollback()
                time.sleep(0.01)

    def end(self):
        """Return what came of each: its result, or the kind of its error."""
        for thread in self.threads:
            thread.join()
        return self.ends

    def _run(self, work):
        with self.app.app_context():
            try:
                with unit_of_work():
                    result = work()
                self.ends.append(result)
            except Exception as error:
                self.ends.append(type(error))
            finally:
                db.session.remove()


def all_at_once(app, *works):
    """Run work in several threads that all start together; return what came of each."""
    ready = threading.Barrier(len(works))

    def one(work):
        with app.app_context():
            ready.wait()
            try:
                return work()
            finally:
                db.session.remove()

    db.session.commit()
    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))
