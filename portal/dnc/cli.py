"""Commands of do-not-call lists (RULINGS 31)."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.service import loading
from portal.dnc.values import NATIONAL, FileKind, ImportState, ListImportRef
from portal.people import queries as people
from portal.people.values import OrganizationRef

group = AppGroup("dnc", help="National and state do-not-call lists.")
ACTOR = Actor(None, "command line", "dnc import")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organization", "wanted", required=True, help="The organization's id, or its name.")
@click.option(
    "--list", "source", default=NATIONAL, show_default=True, help="US, or a state's code."
)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in FileKind]), help="Else found out."
)
@click.option(
    "--downloaded-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of the download; else today.",
)
@click.option("--area-code", default="", help="Of a file that holds seven digits a line.")
@click.option("--dry-run", is_flag=True, help="Read it, load nothing.")
def import_file(
    file: Path,
    wanted: str,
    source: str,
    *,
    kind: str | None,
    downloaded_on: datetime | None,
    area_code: str,
    dry_run: bool,
) -> None:
    """Load a list from a file of any size, packed or not (S-2)."""
    organization = _organization(wanted)
    today = clock.utcnow().astimezone(ZoneInfo(organization.timezone)).date()
    try:
        with file.open("rb") as stream, unit_of_work():
            import_ = dnc.receive(
                organization.id,
                file.name,
                stream,
                source=source.upper(),
                kind=FileKind(kind) if kind else None,
                as_of=downloaded_on.date() if downloaded_on else today,
                today=today,
                area_code=area_code,
                actor=ACTOR,
                in_job=False,
            )
        import_ = _run(import_)
        if import_.state is ImportState.CHECKED and not dry_run:
            with unit_of_work():
                dnc.confirm(organization.id, import_.id, actor=ACTOR, in_job=False)
            import_ = _run(import_)
        elif dry_run and import_.state is ImportState.CHECKED:
            with unit_of_work():
                dnc.cancel(organization.id, import_.id, actor=ACTOR)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    if import_.state is ImportState.FAILED:
        raise click.ClickException(import_.error)
    _say(import_, today)


def _say(import_: ListImportRef, today: date) -> None:
    click.echo(
        f"added {import_.added}, removed {import_.removed}, rejected {import_.rejected}, "
        f"sha256 {import_.sha256}"
    )
    for area_code, why in sorted(import_.left_out.items()):
        click.echo(f"left out {area_code}: {why}")
    for source in queries.sources(import_.organization_id, today):
        click.echo(f"{source.source}: {source.numbers} numbers, {source.days_left} days left")


def _run(import_: ListImportRef) -> ListImportRef:
    run = loading.start_run(import_.id)
    while run.more():
        with unit_of_work():
            run.step()
    return queries.import_or_404(import_.organization_id, import_.id)


def _organization(wanted: str) -> OrganizationRef:
    named = [
        one
        for one in people.organizations()
        if wanted in (str(one.id), one.name) or wanted.casefold() == one.name.casefold()
    ]
    if len(named) != 1:
        what = "Several organizations have" if named else "No organization has"
        raise click.ClickException(
            f"--organization: {what} the id or name {wanted}. Give the organization's id."
        )
    return named[0]
