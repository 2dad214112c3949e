"""Commands of texting."""

from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from portal.core import audit, checkpoints
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.messaging.service import fence
from portal.messaging.values import FenceCause

ACTOR = Actor(None, "command line", "restored")


@click.command("restored")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="When the backup was made, in UTC; without it the last 48 hours are looked at.",
)
@with_appcontext
def restored_command(since: datetime | None) -> None:
    """Stop all sending: a backup was restored, and a person says when it goes on (I14).

    Checkpoints of audit entries that the backup lacks are marked as overtaken, in a signed note.
    """
    with unit_of_work():
        stopped = fence.trip_all(
            FenceCause.BY_HAND, since=since.replace(tzinfo=UTC) if since else None, actor=ACTOR
        )
        for chain in audit.chains():
            checkpoints.accept_restore(chain)
    click.echo(f"Sending has stopped for {stopped} more organization(s). See /admin/sending.")
