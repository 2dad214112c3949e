"""How soon a fresh installation answers, what a page weighs, what a worker holds (G16, G12)."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from portal.bench import brokerage, stub_carrier
from portal.bench.measure import Figure, Options, Target, figure, seconds
from portal.bench.memory import peak_of_family_mb
from portal.bench.scratch import (
    bare_environment,
    copy_program,
    free_port,
    open_scratch,
    run_program,
    wait_until,
)
from portal.bench.send import Campaign

FIRST_PAGE: Final = Target("G16 start", 90, 45, higher_is_better=False, unit=" s")
WEIGHT: Final = Target("G16 page", 250, 150, higher_is_better=False, unit=" KB")
RESIDENT: Final = Target("G12 memory", 110, 90, higher_is_better=False, unit=" MB")
GROWTH: Final = Target("G12 growth", 15, 10, higher_is_better=False, unit=" %")
_SIZE: Final = 1_000
_ENCODINGS: Final = "gzip, deflate, br, zstd"
_PIECE: Final = re.compile(r'(?:href|src)="(/(?:static|assets)/[^"#]+)')
_PIECE_OF_STYLE: Final = re.compile(r"""url\(["']?([^"')#]+)""")


def run(options: Options) -> Iterator[Figure]:
    """Start the product from nothing, weigh its first page, and weigh a worker that sends."""
    weights: list[float] = []
    yield figure(
        FIRST_PAGE,
        "cold start to the sign-in page",
        lambda: _start(weights),
        rounds=min(options.rounds, 3),
    )
    yield Figure(WEIGHT, "sign-in page with all it loads, as sent", tuple(weights))
    for engine in options.engines:
        yield from _worker(engine, options.size or _SIZE)


def _start(weights: list[float]) -> float:
    """Start a fresh copy of the product; return how long it takes to show its first page."""
    with tempfile.TemporaryDirectory(prefix="bench") as home:
        folder = copy_program(Path(home) / "program", with_bytecode=False)
        port = free_port()
        environment = {**bare_environment(), "PORT": str(port)}
        page = f"http://localhost:{port}/sign-in"
        with run_program("-m", "portal.supervisor", folder=folder, environment=environment):
            took = seconds(lambda: wait_until(lambda: _answers(page), "the first page"))
            weights.append(_weight(page) / 1024)
    return took


def _worker(engine: str, size: int) -> Iterator[Figure]:
    """Send 1,000 and then 3,000 texts more, and look at the largest of the worker's processes."""
    with (
        stub_carrier.running(0.0) as carrier,
        open_scratch(engine, carrier=carrier.url) as here,
    ):
        account = brokerage.open_account(here, credits=size * 5)
        brokerage.add_people(account, size)
        campaign = Campaign(account, brokerage.everybody(account))
        worker = here.start("-m", "workers", "worker")
        held = [peak_of_family_mb(worker.pid, campaign.send) for _ in range(4)]
    about = f"{engine}, worker after {size * 4:,} texts"
    yield Figure(RESIDENT, about, (held[-1],))
    yield Figure(GROWTH, f"{about} / {size:,}", ((held[-1] / held[0] - 1) * 100,))


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _weight(url: str) -> int:
    """Return how many bytes a page and everything it loads are on the wire, bodies alone."""
    total, page = _fetch(url)
    seen: set[str] = set()
    wanted = [urljoin(url, piece) for piece in _PIECE.findall(page)]
    while wanted:
        piece = wanted.pop()
        if piece in seen or piece.startswith("data:"):
            continue
        seen.add(piece)
        size, text = _fetch(piece)
        total += size
        if piece.partition("?")[0].endswith(".css"):
            wanted += [urljoin(piece, found) for found in _PIECE_OF_STYLE.findall(text)]
    return total


def _fetch(url: str) -> tuple[int, str]:
    """Return a body's size as sent, and its text as it is without compression."""
    with urlopen(Request(url, headers={"Accept-Encoding": _ENCODINGS}), timeout=30) as answer:  # noqa: S310 (our own address)
        sent = len(answer.read())
    with urlopen(url, timeout=30) as answer:  # noqa: S310 (our own address)
        return sent, answer.read().decode(errors="replace")
