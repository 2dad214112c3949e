"""Whether health pages cost the same over very many texts as over few, over real HTTP (G13)."""

from collections.abc import Iterator
from typing import Final

from portal.bench.measure import Figure, Options, Target, compare
from portal.bench.pages import HEALTH, Clients
from portal.bench.reports import open_desk
from portal.bench.scratch import free_port, open_scratch, wait_until
from portal.compliance.rules.health import Window

TARGET: Final = Target("G13", 3, 1.5, higher_is_better=False)
_SIZE: Final = 1_000_000
_FEW: Final = 10_000


def run(options: Options) -> Iterator[Figure]:
    """Measure the 95th percentile of each window over a year of 1,000,000 texts and of 10,000."""
    size = options.size or _SIZE
    few = min(_FEW, size - 1)
    for engine in options.engines:
        port = free_port()
        with open_scratch(engine, port=port) as here:
            small, large = (open_desk(count) for count in (few, size))
            here.start("-m", "gunicorn", "--config", "python:portal.gunicorn_conf", "app:app")
            clients = Clients(port, HEALTH)
            wait_until(clients.are_answered, "the portal answers")
            for window in Window:
                path = f"health?window={window}"
                yield compare(
                    TARGET,
                    f"{engine}, {window.words}, {size:,} / {few:,}",
                    clients.p95_of(large.path(path), large.token),
                    clients.p95_of(small.path(path), small.token),
                    rounds=options.rounds,
                    unit=" ms",
                )
