"""How much memory a process holds, as the kernel counts it."""

from collections.abc import Callable
from pathlib import Path


def resident_mb(pid: int | str = "self") -> float:
    """Return how many megabytes of a process are in memory now."""
    return _read(pid, "VmRSS")


def peak_mb(work: Callable[[], object]) -> float:
    """Do work and return the most this process held meanwhile, in megabytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    work()
    return _read("self", "VmHWM")


def _read(pid: int | str, what: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == what:
            return int(value.split()[0]) / 1024
    raise LookupError(what)
