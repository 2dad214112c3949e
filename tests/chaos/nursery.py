"""The product's processes, each to be killed and frozen by itself, and restarted quickly.

A nursery has imported everything once and forks each process anew from there. What runs in the
child is the same entry point that the supervisor starts, with its own settings, connections and
sessions; only the second that imports take is saved.
"""

import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gunicorn.app import wsgiapp
from sqlalchemy.orm import configure_mappers

from portal.core import settings
from portal.factory import create_app
from portal.sandbox import __main__ as sandbox_program
from tests.chaos import naive
from workers import __main__ as workers_program

RESTART_AFTER_S = 0.2


def _web(*_: str) -> None:
    sys.argv = ["gunicorn", "--config", "python:portal.gunicorn_conf", "app:app"]
    wsgiapp.run()


def _run_workers(what: str) -> Callable[..., object]:
    def run(*_: str) -> None:
        sys.argv = ["workers", what]
        workers_program.main()

    return run


ENTRIES: Mapping[str, Callable[..., object]] = {
    "web": _web,
    "worker": _run_workers("worker"),
    "scheduler": _run_workers("scheduler"),
    "sandbox": lambda *words: sandbox_program.main(words),
    "naive": naive.run,
}


class Nursery:
    """Forks processes of one installation. Made before this process has any thread."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            try:
                _serve(theirs, home, environment)
            finally:
                os._exit(0)
        theirs.close()
        self._replies = self._ours.makefile()

    def start(self, entry: str, log: Path, *arguments: str) -> int:
        """Start one process in a session of its own; return its pid."""
        with self._lock:
            order = {"entry": entry, "log": str(log), "arguments": arguments}
            self._ours.sendall((json.dumps(order) + "\n").encode())
            return int(self._replies.readline())

    def adopt(self, pid: int | None) -> None:
        """Have a server that others have started end with us when the run is killed.

        None: whoever started them ends them all.
        """
        with self._lock:
            self._ours.sendall((json.dumps({"adopted": pid}) + "\n").encode())
            self._replies.readline()

    def close(self) -> float:
        """End the nursery and everything it has started; return the CPU seconds they took."""
        self.adopt(None)
        self._ours.shutdown(socket.SHUT_WR)
        cpu_s = float(self._replies.readline())
        self._replies.close()
        self._ours.close()
        os.waitpid(self.pid, 0)
        return cpu_s


def _serve(orders: socket.socket, home: Path, environment: Mapping[str, str]) -> None:
    signal.signal(signal.SIGCHLD, _bury)
    os.setsid()  # what ends the run from outside must reach us as its end
    settings.ROOT = home  # where var/ lies; the code stays where it is
    os.environ.clear()
    os.environ.update(environment)
    create_app()  # what it imports, no child has to
    configure_mappers()
    started: list[int] = []
    adopted: list[tuple[int, str]] = []
    for line in orders.makefile():
        order = json.loads(line)
        if "adopted" in order:
            pid = order["adopted"]
            adopted = [*adopted, (pid, birth(pid))] if pid else []
            orders.sendall(b"0\n")
            continue
        pid = os.fork()
        if pid == 0:
            orders.close()
            _become(order)
        started.append(pid)
        orders.sendall(f"{pid}\n".encode())
    theirs = [pid for server, born in adopted if birth(server) == born for pid in family(server)]
    for pid in [*theirs, *(pid for session in started for pid in members(session))]:
        send(pid, signal.SIGKILL)
    time.sleep(0.1)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    orders.sendall(f"{used.ru_utime + used.ru_stime}\n".encode())


def _bury(*_: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            continue


def _become(order: Mapping[str, Any]) -> None:
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in (1, 2):
            os.dup2(log, number)
        ENTRIES[order["entry"]](*order["arguments"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def members(session: int) -> list[int]:
    """Return the living processes of a session, its leader first."""
    return _living(session, lambda words: int(words[3]) == session)


def family(parent: int) -> list[int]:
    """Return a process and its children, whatever their sessions; it comes first."""
    return [parent, *_living(parent, lambda words: int(words[1]) == parent)]


def _living(first: int, is_wanted: Callable[[Sequence[str]], bool]) -> list[int]:
    """Return living processes by their state, parent, group and session; one of them first."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            words = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if is_wanted(words) and words[0] not in "ZX":
            found.append(int(entry))
    return sorted(found, key=lambda pid: (pid != first, pid))


def birth(pid: int) -> str:
    """Return when a process began, which tells it from a later one of its number; "" if it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def is_alive(pid: int) -> bool:
    """Say whether a process is there; it may be frozen."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def send(pid: int, number: signal.Signals) -> bool:
    """Signal one process; False when it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Role:
    """One process that must run, and its children."""

    name: str
    entry: str
    arguments: Sequence[str] = ()
    pid: int = 0
    starts: int = 0
    down_since: float = 0.0

    @property
    def children(self) -> list[int]:
        return members(self.pid)[1:] if is_alive(self.pid) else []


class Crew:
    """Keeps the product's processes running as the supervisor does, only faster."""

    def __init__(self, nursery: Nursery, logs: Path, roles: Mapping[str, Sequence[str]]) -> None:
        """Keep these running: their names, which begin with the entry, and their arguments."""
        self._nursery, self._logs = nursery, logs
        self.roles = {
            name: Role(name, name.partition("-")[0], arguments) for name, arguments in roles.items()
        }
        self._frozen: dict[int, float] = {}  # pid: when it goes on
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        self._tend()
        self._keeper.start()

    def stop(self) -> None:
        """Let go of everything; the nursery's end ends the processes."""
        self._ended.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self.thaw()  # a frozen server can't be stopped

    def kill(self, pids: Sequence[int]) -> bool:
        """kill -9, frozen or not; say whether anybody died."""
        return sum(send(pid, signal.SIGKILL) for pid in pids) > 0

    def freeze(self, pids: Sequence[int], for_s: float) -> bool:
        """SIGSTOP now, SIGCONT after some seconds; what has died meanwhile is left alone."""
        with self._lock:
            stopped = [pid for pid in pids if pid not in self._frozen and send(pid, signal.SIGSTOP)]
            self._frozen.update(dict.fromkeys(stopped, time.monotonic() + for_s))
        return bool(stopped)

    def thaw(self, pids: Sequence[int] | None = None) -> None:
        """Let these, or everything that is frozen, go on."""
        with self._lock:
            for pid in list(self._frozen) if pids is None else pids:
                if self._frozen.pop(pid, None) is not None:
                    send(pid, signal.SIGCONT)

    def _keep(self) -> None:
        while not self._ended.wait(0.05):
            self._tend()
            with self._lock:
                for pid in [p for p, until in self._frozen.items() if time.monotonic() > until]:
                    send(pid, signal.SIGCONT)
                    del self._frozen[pid]

    def _tend(self) -> None:
        for role in self.roles.values():
            if role.pid and is_alive(role.pid):
                role.down_since = 0.0
                continue
            if role.pid and not role.down_since:
                role.down_since = time.monotonic()
                if role.entry == "web":  # its children hold the port
                    self.kill(members(role.pid))
            if role.pid and time.monotonic() - role.down_since < RESTART_AFTER_S:
                continue
            log = self._logs / f"{role.name}.log"
            role.pid = self._nursery.start(role.entry, log, *role.arguments)
            role.starts += 1
            role.down_since = 0.0
