"""The whole way of a campaign beside the bare carrier client (G1, G2, G3).

Ours begins with the confirm and ends when every SID is committed; each T2 is committed
before its POST, by the worker the supervisor starts. The limit is the carrier's own client
with as many threads on the same stub.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import certifi
from sqlalchemy import Select, func, select

from portal.bench import brokerage, interactive, stub_carrier
from portal.bench.bare_client import BareClient
from portal.bench.certificate import self_made
from portal.bench.measure import Figure, Options, Target, compare, rate
from portal.bench.scratch import Scratch, open_scratch, wait_until
from portal.core.db import db, unit_of_work
from portal.messaging.service import sending
from portal.messaging.values import Draft, Kind, Recipient
from portal.texting_accounts.values import AccountRef

PLAIN: Final = Target("G1", 0.80, 0.90)
TLS: Final = Target("G2", 0.70, 0.88)
AT_ONCE: Final = Target("G3", 0.60, 0.90)
_SIZE: Final = 1_000
_ROUNDS: Final = 3  # at most: with the carrier's wait in them they differ little
_LATENCY_S: Final = 0.1
_THREADS: Final = 16  # a worker's own (RULINGS 12)
_FEWER: Final = 8  # more do nothing for a client that never waits


def run(options: Options) -> Iterator[Figure]:
    """Measure a campaign of 1,000 over HTTP and TLS at 100 ms, and at no latency at all."""
    size = options.size or _SIZE
    for engine in options.engines:
        for target, latency_s, threads, has_tls in (
            (PLAIN, _LATENCY_S, _THREADS, False),
            (TLS, _LATENCY_S, _THREADS, True),
            (AT_ONCE, 0.0, _FEWER, False),
        ):
            about = f"{engine}, {size:,} texts, {latency_s * 1000:.0f} ms"
            with tempfile.TemporaryDirectory(prefix="bench") as folder:
                yield _measure(
                    engine,
                    target,
                    about + (", TLS" if has_tls else ""),
                    self_made(Path(folder)) if has_tls else None,
                    size=size,
                    latency_s=latency_s,
                    threads=threads,
                    rounds=min(options.rounds, _ROUNDS),
                )
    yield from interactive.run(options)


def _measure(
    engine: str,
    target: Target,
    about: str,
    certificate: Path | None,
    *,
    size: int,
    latency_s: float,
    threads: int,
    rounds: int,
) -> Figure:
    with (
        stub_carrier.running(latency_s, certificate) as carrier,
        open_scratch(engine, carrier=carrier.url) as here,
    ):
        if certificate is not None:
            trust(here, certificate)
        account = brokerage.open_account(here, credits=size * (rounds + 2))
        brokerage.add_people(account, size)
        campaign = Campaign(account, brokerage.everybody(account))
        here.start("-m", "workers", "worker")
        bare = BareClient(carrier.url, threads, str(certificate) if certificate else None)
        campaign.send()  # the worker has started and every connection is open
        bare.send(threads)
        return compare(
            target,
            about,
            lambda: rate(size, campaign.send),
            lambda: rate(size, lambda: bare.send(size)),
            rounds=rounds,
        )


class Campaign:
    """One text to the same people, again and again."""

    def __init__(self, account: AccountRef, people: list[Recipient]) -> None:
        """Send to these people from this account."""
        self._account, self._people = account, people

    def send(self) -> None:
        """Confirm, and wait until the SID of every text is committed."""
        with unit_of_work():
            confirmed = sending.confirm(
                self._account,
                self._people,
                Draft(
                    "Bench Realty: open house on Saturday at 2. Shall I send the address?",
                    Kind.BULK,
                ),
                nonce=uuid4().hex,
                shown_key=None,
                actor=brokerage.actor(),
            )
        messages = db.metadata.tables["messages"]
        named = select(func.count()).where(
            messages.c.campaign_id == confirmed.id, messages.c.state == "accepted"
        )
        wait_until(lambda: _count(named) == len(self._people), "every text has its SID")


def _count(rows: Select[int]) -> int:
    count = db.session.scalar(rows) or 0
    db.session.rollback()
    return count


def trust(here: Scratch, certificate: Path) -> None:
    """Let processes of this installation trust the stub, besides whom they trust anyway.

    A module of their own stands before certifi, whose list is all the carrier client looks at.
    """
    bundle = here.folder / "trusted.pem"
    shutil.copyfile(certifi.where(), bundle)
    with bundle.open("a", encoding="ascii") as file:
        file.write(certificate.read_text(encoding="ascii"))
    (here.folder / "certifi.py").write_text(f"def where():\n    return {str(bundle)!r}\n")
