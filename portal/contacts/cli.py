"""Commands of the address book (RULINGS 31)."""

from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from portal.contacts import queries
from portal.contacts.service import exporting, importing
from portal.contacts.service.contact_import import ContactHandler
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
    try:
        import_ = _import(_account(wanted), file, ConsentSource(consent_source), consent_note)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    if import_.state is not ImportState.DONE:
        raise click.ClickException(import_.error or "The import did not finish. Run it again.")
    click.echo(f"imported {import_.imported}, merged {import_.merged}, rejected {import_.rejected}")
    if import_.untextable:
        click.echo(f"{import_.untextable} kept that cannot be texted")
    for run in import_.runs:
        click.echo(f"warning: {run.count} numbers follow each other from {run.first} (K-7)")
    if import_.rejected:
        rejects = file.with_name(f"{file.stem}-rejected.csv")
        rejects.write_text("".join(exporting.rejects(import_)), encoding="utf-8", newline="")
        click.echo(f"rejected rows: {rejects}")
    if not import_.imported + import_.merged:
        raise click.exceptions.Exit(1)


def _import(account: AccountRef, file: Path, source: ConsentSource, note: str) -> ImportRef:
    """Take a file all the way in: columns as guessed, dry run, import."""
    handler, tenant = ContactHandler(), account.tenant
    with file.open("rb") as stream, unit_of_work():
        import_ = importing.receive(tenant, handler, file.name, stream, actor=ACTOR)
    with unit_of_work():
        importing.match_columns(
            tenant,
            import_.id,
            handler,
            import_.mapping,
            consent_source=source,
            consent_note=note,
            in_job=False,
            actor=ACTOR,
        )
    _run(import_, handler)
    checked = queries.import_or_404(tenant, import_.id)
    if checked.state is not ImportState.CHECKED:
        return checked
    with unit_of_work():
        importing.confirm(tenant, import_.id, actor=ACTOR, in_job=False)
    _run(import_, handler)
    return queries.import_or_404(tenant, import_.id)


def _run(import_: ImportRef, handler: ContactHandler) -> None:
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
