"""Runs the stub carrier and asks it what it got."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from portal.bench.scratch import end
from portal.core.settings import ROOT


@dataclass(frozen=True, slots=True)
class Taken:
    """One text as the stub got it; `at` is time.monotonic(), the same for every process here."""

    to: str
    at: float


@dataclass(frozen=True)
class Carrier:
    """A stub that runs."""

    url: str
    _tls: ssl.SSLContext | None

    def taken(self) -> list[Taken]:
        """Return what it has got so far, in order."""
        with urlopen(f"{self.url}/taken", timeout=30, context=self._tls) as answer:  # noqa: S310 (our own address)
            return [Taken(*line) for line in json.load(answer)]


@contextmanager
def running(latency_s: float, certificate: Path | None = None) -> Iterator[Carrier]:
    """Run a stub in a process of its own, over TLS when it has a certificate with its key."""
    command = [sys.executable, "-m", "portal.bench.stub_server", str(latency_s)]
    if certificate is not None:
        command.append(str(certificate))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)  # noqa: S603 (our own program)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        if certificate is None:
            yield Carrier(f"http://127.0.0.1:{port}", None)
        else:
            tls = ssl.create_default_context(cafile=str(certificate))
            yield Carrier(f"https://127.0.0.1:{port}", tls)
    finally:
        end(process)
        process.stdout.close()
