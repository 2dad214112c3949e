"""Processes of a test: forks of it that work on the same database, start together and may stop."""

import json
import os
import select
import signal
import traceback

from portal.core.db import db

UP_WITHIN_S = 20
TRIES = 5


class Child:
    """One fork; it runs work(child) in the application and hands back what that returns."""

    def __init__(self, app, work):
        db.session.remove()
        db.engine.dispose()  # no connection is shared: each process opens its own
        # A thread of this process, a sandbox's say, may be within SQLite just now. Its lock is
        # then held in the fork for good, which shows when that opens the database: fork again.
        for _ in range(TRIES):
            self._fork(app, work)
            if select.select([self._up], [], [], UP_WITHIN_S)[0]:
                return
            os.kill(self.pid, signal.SIGKILL)
            self._forget()
        raise TimeoutError(f"none of {TRIES} forks opened the database")

    def _fork(self, app, work):
        reading, writing = os.pipe()
        self._up, up = os.pipe()
        self._wait, self._go = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                json.dump(self._run(app, work, up), pipe)
            os._exit(0)
        os.close(writing)
        os.close(up)
        self._result = os.fdopen(reading)

    def _run(self, app, work, up):
        try:
            with app.app_context():
                with db.engine.connect() as connection:
                    connection.exec_driver_sql("SELECT 1")
                os.write(up, b"!")
                return {"result": work(self)}
        except BaseException:
            return {"error": traceback.format_exc()}

    def wait_for_the_others(self):
        """In the child: go on once all are ready."""
        os.read(self._wait, 1)

    def start(self):
        os.write(self._go, b"!")

    def end(self):
        """Wait for its end and return what it returned."""
        answer = json.loads(self._result.read())
        self._forget()
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _forget(self):
        os.waitpid(self.pid, 0)
        self._result.close()
        for end in (self._up, self._wait, self._go):
            os.close(end)


def at_once(app, count, work):
    """Run work(number) in as many processes, all started together; return their results."""

    def when_all_are_ready(number):
        def run(child):
            child.wait_for_the_others()
            return work(number)

        return run

    children = [Child(app, when_all_are_ready(number)) for number in range(count)]
    for child in children:
        child.start()
    return [child.end() for child in children]
