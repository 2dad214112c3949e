"""Processes of a test: forks of it that work on the same database, start together and may stop."""

import json
import os
import traceback

from portal.core.db import db


class Child:
    """One fork; it runs work(child) in the application and hands back what that returns."""

    def __init__(self, app, work):
        db.session.remove()
        db.engine.dispose()  # no connection is shared: each process opens its own
        reading, writing = os.pipe()
        self._go, self._wait = os.pipe()[::-1]
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                json.dump(self._run(app, work), pipe)
            os._exit(0)
        os.close(writing)
        self._result = os.fdopen(reading)

    def _run(self, app, work):
        try:
            with app.app_context():
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
        with self._result:
            answer = json.loads(self._result.read())
        os.waitpid(self.pid, 0)
        os.close(self._go)
        os.close(self._wait)
        assert "error" not in answer, answer["error"]
        return answer["result"]


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
