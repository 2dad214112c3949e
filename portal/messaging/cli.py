"""Commands of texting."""

from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from portal.calls import service as calls
from portal.consent import service as consent
from portal.core import audit, checkpoints, clock
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.messaging.service import counting, fence
from portal.messaging.values import FenceCause
from portal.people import queries as people
from portal.texting_accounts import queries as accounts

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
    made_at = since.replace(tzinfo=UTC) if since else None
    if made_at is not None and made_at > clock.utcnow():
        raise click.BadParameter(
            f"{since:%Y-%m-%d %H:%M} lies ahead; it is {clock.utcnow():%Y-%m-%d %H:%M} in UTC now. "
            "Give the time in UTC, not yours.",
            param_hint="--since",
        )
    with unit_of_work():
        stopped = fence.trip_all(FenceCause.BY_HAND, since=made_at, actor=ACTOR)
        for chain in audit.chains():
            checkpoints.accept_restore(chain)
    done = (
        f"Sending has stopped for {stopped} more organization(s)."
        if stopped
        else "Nobody was left to stop: all stand still already, and their lists are read again, "
        "or have no account at the carrier."
    )
    click.echo(f"{done} See /admin/sending.")


@click.command("recount")
@with_appcontext
def recount_command() -> None:
    """Make the running counts that reports show anew from what they count, account by account (M-3)."""
    done = 0
    for organization in people.organizations():
        for account in accounts.of_organization(organization.id):
            with unit_of_work():
                calls.recount(account.tenant)  # in the order in which all write counts
                consent.recount(account.tenant)
                counting.recount(account.tenant)
            done += 1
    click.echo(f"Counted again: {done} account(s).")
