"""`flask --app app bench`: what the others measure, printed as one table."""

import time
from importlib import import_module
from typing import Final

import click

from portal.bench import postgres
from portal.bench.measure import Figure, Options, table

# What may be named, and its module; a module is loaded when its bench runs.
BENCHES: Final = {
    "bundle": "portal.bench.bundle",
    "send": "portal.bench.send",
    "confirm": "portal.bench.confirm",
    "gates": "portal.bench.gates",
    "form": "portal.bench.form",
    "import": "portal.bench.imports",
    "dnc": "portal.bench.dnc",
    "pages": "portal.bench.pages",
    "inbox": "portal.bench.inbox",
    "health": "portal.bench.health",
    "reports": "portal.bench.reports",
    "rules": "portal.bench.rules",
    "segments": "portal.bench.segments",
    "similar": "portal.bench.similar",
    "webhooks": "portal.bench.webhooks",
    "start": "portal.bench.start",
    "audit": "portal.bench.audit",
}
_ROUNDS: Final = 5


@click.command("bench")
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)), metavar="[NAME]...")
@click.option("--rounds", default=_ROUNDS, show_default=True, help="Of ours and the limit each.")
@click.option("--size", type=int, help="Texts, contacts or whatever a bench counts.")
@click.option(
    "--database",
    type=click.Choice(["sqlite", "postgresql"]),
    help="Only on this one; otherwise on both, PostgreSQL where it is installed.",
)
def bench_command(
    names: tuple[str, ...], rounds: int, size: int | None, database: str | None
) -> None:
    """Measure each NAME (all without one) beside its limit, on data of its own."""
    options = Options(rounds, size, _engines(database))
    figures: list[Figure] = []
    for name in names or tuple(BENCHES):
        began = time.monotonic()
        for figure in import_module(BENCHES[name]).run(options):
            figures.append(figure)
            click.echo(" ".join(figure.cells()), err=True)
        click.echo(f"{name}: {time.monotonic() - began:.0f} s", err=True)
    click.echo(table(figures))


def _engines(database: str | None) -> tuple[str, ...]:
    if database is not None:
        return (database,)
    return ("sqlite", "postgresql") if postgres.binaries() else ("sqlite",)
