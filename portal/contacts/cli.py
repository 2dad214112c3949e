"""Commands of the address book (RULINGS 31)."""

from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from portal.contacts import queries
from portal.contacts.service import exporting, importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.service.handling import RowHandler
from portal.contacts.values import ConsentSource, ImportRef, ImportState
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

group = AppGroup("contacts", help="The address books of texting accounts.")
ACTOR = Actor(None, "command line", "contacts import")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "wanted", required=True, help="The account's id, or its name.")
@click.option(
    "--consent-source",
    type=click.Choice([source.value for source in ConsentSource]),
    default=ConsentSource.NONE_YET.value,
    show_default=True,
    help="Where these people agreed to be texted.",
)
@click.option("--consent-note", default="", help="The same in words, for the record.")
def import_file(file: Path, wanted: str, consent_source: str, consent_note: str) -> None:
    """Import contacts from a CSV file; the columns are matched by their headers (K-1)."""
    import_ = take_in(
        file,
        wanted,
        ContactHandler(),
        consent_source=ConsentSource(consent_source),
        consent_note=consent_note,
        actor=ACTOR,
    )
    if import_.untextable:
        click.echo(f"{import_.untextable} kept that cannot be texted")
    finish(import_, file)


def take_in(
    file: Path,
    wanted: str,
    handler: RowHandler,
    *,
    consent_source: ConsentSource,
    consent_note: str,
    actor: Actor,
) -> ImportRef:
    """Import a file into the account named, whatever its rows are, and print the counts.

    Raises ClickException in the person's words when it can't be done.
    """
    try:
        import_ = _import(
            _account(wanted),
            file,
            handler,
            consent_source=consent_source,
            consent_note=consent_note,
            actor=actor,
        )
    except DomainError as error:
        raise click.ClickException(error.message) from None
    if import_.state is not ImportState.DONE:
        raise click.ClickException(import_.error or "The import did not finish. Run it again.")
    click.echo(f"imported {import_.imported}, merged {import_.merged}, rejected {import_.rejected}")
    return import_


def finish(import_: ImportRef, file: Path) -> None:
    """Warn, write the rejected rows beside the file, and exit 1 when no row was kept."""
    for run in import_.runs:
        click.echo(f"warning: {run.count} numbers follow each other from {run.first} (K-7)")
    if import_.rejected:
        rejects = file.with_name(f"{file.stem}-rejected.csv")
        rejects.write_text("".join(exporting.rejects(import_)), encoding="utf-8", newline="")
        click.echo(f"rejected rows: {rejects}")
    if not import_.imported + import_.merged:
        raise click.exceptions.Exit(1)


def _import(
    account: AccountRef,
    file: Path,
    handler: RowHandler,
    *,
    consent_source: ConsentSource,
    consent_note: str,
    actor: Actor,
) -> ImportRef:
    """Take a file all the way in: columns as guessed, dry run, import."""
    tenant = account.tenant
    with file.open("rb") as stream, unit_of_work():
        import_ = importing.receive(tenant, handler, file.name, stream, actor=actor)
    with unit_of_work():
        importing.match_columns(
            tenant,
            import_.id,
            handler,
            import_.mapping,
            consent_source=consent_source,
            consent_note=consent_note,
            in_job=False,
            actor=actor,
        )
    _run(import_, handler)
    checked = queries.import_or_404(tenant, import_.id)
    if checked.state is not ImportState.CHECKED:
        return checked
    with unit_of_work():
        importing.confirm(tenant, import_.id, actor=actor, in_job=False)
    _run(import_, handler)
    return queries.import_or_404(tenant, import_.id)


def _run(import_: ImportRef, handler: RowHandler) -> None:
    run = importing.start_run(import_.id, handler)
    while run.more():
        with unit_of_work():
            run.step()


def _account(wanted: str) -> AccountRef:
    """Return the account with this id, or the only one with this name."""
    try:
        found = accounts.account(UUID(wanted))
        named = [found] if found else []
    except ValueError:
        named = [a for a in accounts.all_active() if a.name.casefold() == wanted.casefold()]
    if len(named) != 1:
        what = "Several accounts have" if named else "No account has"
        raise click.ClickException(
            f"--account: {what} the id or name {wanted}. Give the account's id."
        )
    return named[0]
