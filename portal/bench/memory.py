"""How much memory a process holds, as the kernel counts it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOOK_EVERY_S: Final = 0.1


def peak_of_family_mb(pid: int, work: Callable[[], object]) -> float:
    """Do work and return the most that a process, or one it started, held meanwhile."""
    most, is_done = 0.0, threading.Event()

    def look() -> None:
        nonlocal most
        while not is_done.wait(_LOOK_EVERY_S):
            with suppress(OSError, LookupError):  # a job's process may end at any time
                most = max(most, *(_read(each, "VmRSS") for each in (pid, *_children(pid))))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        work()
    finally:
        is_done.set()
        watcher.join()
    return most


def peak_mb(work: Callable[[], object]) -> float:
    """Do work and return the most this process held meanwhile, in megabytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    work()
    return _read("self", "VmHWM")


def held_mb() -> float:
    """Return what this process holds now, in megabytes."""
    return _read("self", "VmRSS")


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def _read(pid: int | str, what: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == what:
            return int(value.split()[0]) / 1024
    raise LookupError(what)
