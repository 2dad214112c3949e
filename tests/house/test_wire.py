"""Raw sockets against the real server: no answer 500, no hang, no crash (S19)."""

import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.house.wire import SHAPES, get
from tests.patience import PROCESS_S

MOST_S = 5.0
BUSY_S = 60.0  # three seconds of silence for each, on a machine with other tests beside
# As the supervisor starts it, but with a home of its own: the project's var/ is somebody's.
IN_ITS_HOME = """
import os, pathlib, sys, types
from gunicorn.app import wsgiapp
from portal.core import settings
from portal.factory import create_app
home = pathlib.Path(sys.argv.pop())
desk = sys.modules["desk"] = types.ModuleType("desk")
desk.make = lambda: create_app(settings.read(os.environ, var=home))
sys.argv = ["gunicorn", "--config", "python:portal.gunicorn_conf", "desk:make()"]
wsgiapp.run()
"""
SILENT = [shape for shape in SHAPES if not shape.ends]


class Server:
    """gunicorn with two processes, and what it wrote."""

    def __init__(self, process, port, log):
        self.process, self.port, self.log = process, port, log

    def connect(self, patience=BUSY_S):
        return closing(socket.create_connection(("127.0.0.1", self.port), timeout=patience))

    def workers(self):
        """Return the ids of its worker processes."""
        pid = self.process.pid
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def ask(self, sent, *, ends=True):
        """Send bytes, as far as they are taken, and return all that comes back."""
        with self.connect() as line:
            try:
                line.sendall(sent)
                if ends:
                    line.shutdown(socket.SHUT_WR)
            except OSError:  # it said no before the end
                pass
            return _all_of(line)


def _all_of(line):
    got = b""
    try:
        while more := line.recv(65_536):
            got += more
    except ConnectionResetError:
        pass
    return got


@pytest.fixture(scope="module")
def server(built_app, process_environment, tmp_path_factory):
    """Started once: it costs seconds, and what is asked of it here changes nothing."""
    home = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "gunicorn.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", IN_ITS_HOME, str(home)],
            env={**process_environment, "PORT": str(port), "WEB_CONCURRENCY": "2"},
            stderr=stderr,
        )
    found = Server(process, port, log)
    end = time.monotonic() + PROCESS_S
    try:
        while not _answers(found):
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield found
    finally:  # also where it never came up: left alone it would write signs of life into other tests
        process.terminate()
        try:
            process.wait(12)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(server):
    try:
        return statuses(server.ask(get(b"/healthz"))) == [200]
    except OSError:
        return False


def statuses(answer):
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def timed(server, sent):
    """Return the statuses that come back, and after how many seconds."""
    begun = time.monotonic()
    told = statuses(server.ask(sent))
    return told, time.monotonic() - begun


@pytest.mark.slow
def test_no_bytes_break_or_hold_the_server(server):
    workers, wrong = server.workers(), []
    written = len(server.log.read_text())  # who falls silent in another test leaves words, too
    for shape in SHAPES:
        if not shape.ends:
            continue
        try:
            told, took = timed(server, shape.sent)
            if took > MOST_S:  # what hangs hangs again, what met a busy moment does not
                told, took = timed(server, shape.sent)
        except TimeoutError:
            wrong.append(f"{shape.name}: no answer")
            continue
        if took > MOST_S or any(status >= 500 and status != 501 for status in told):
            wrong.append(f"{shape.name}: {told} after {took:.1f} s")
        if b"/admin/users" in shape.sent and 200 in told[1:]:
            wrong.append(f"{shape.name}: the request inside was answered: {told}")
    assert wrong == []
    assert len(SHAPES) >= 80
    assert server.workers() == workers, server.log.read_text()
    assert statuses(server.ask(get(b"/sign-in", b"Connection: close\r\n"))) == [200]
    assert "Traceback" not in server.log.read_text()[written:]


@pytest.mark.slow
def test_who_says_half_and_waits_holds_nobody_up(server):
    """As many as a process has threads: each is let go, and a person is answered meanwhile."""
    workers = server.workers()
    with ExitStack() as stack:
        lines = [stack.enter_context(server.connect()) for _ in range(8)]
        for number, line in enumerate(lines):
            line.sendall(SILENT[number % len(SILENT)].sent)
        begun = time.monotonic()
        person = server.ask(get(b"/sign-in", b"Connection: close\r\n"))
        assert statuses(person) == [200]
        for line in lines:
            assert all(400 <= status < 500 for status in statuses(_all_of(line)))
    assert time.monotonic() - begun < BUSY_S
    assert server.workers() == workers
