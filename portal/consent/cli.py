"""Commands of consent (RULINGS 31)."""

from pathlib import Path

import click
from flask.cli import AppGroup

from portal.consent import queries
from portal.consent.service.importing_consents import ConsentHandler
from portal.contacts.cli import finish, take_in
from portal.contacts.values import ConsentSource
from portal.core.audit import Actor

group = AppGroup("consent", help="Consent records of texting accounts.")
ACTOR = Actor(None, "command line", "consent import")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "wanted", required=True, help="The account's id, or its name.")
def import_file(file: Path, wanted: str) -> None:
    """Import old consents from a CSV file; the columns are matched by their headers (C-2)."""
    import_ = take_in(
        file,
        wanted,
        ConsentHandler(),
        consent_source=ConsentSource.RECORDED,
        consent_note="Named in each row of the file",
        actor=ACTOR,
    )
    found = queries.import_summary(import_)
    click.echo(
        f"express written {found.express_written}, express {found.express}, "
        f"inquiry {found.inquiry}, not valid {found.not_valid}"
    )
    finish(import_, file)
