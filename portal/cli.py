"""Commands of the installation: configuration and the audit log (X-4, C-5)."""

import os
import sys
from typing import NoReturn

import click
from flask.cli import AppGroup

from portal.billing import service as billing
from portal.core import audit, rotation, settings
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.people import queries as people_queries
from portal.people import service as people

keys_group = AppGroup("keys", help="The keys that seal stored secrets.")


@click.command("config")
def config_command() -> None:
    """List every setting, where it comes from and whether it is valid."""
    list_settings()


def stop(error: settings.SettingsError) -> NoReturn:
    """End the program with one clear line; `flask config` lists everything before it (X-4)."""
    if sys.argv[-1:] == ["config"]:
        list_settings()
    raise SystemExit(f"ConsentDesk can't start: {error}")


def list_settings() -> None:
    """Print every variable: its name, source, verdict and value."""
    readings = settings.declared(os.environ)
    width = max(len(r.name) for r in readings)
    for reading in readings:
        verdict = f"WRONG: {reading.problem}" if reading.problem else "ok"
        click.echo(f"{reading.name:<{width}}  {reading.source:<11}  {verdict:<6}  {reading.value}")
        click.echo(f"{'':<{width}}  {reading.purpose}")


@click.command("setup")
@click.option("--organization", prompt="Brokerage", help="Its name, as texts will name it.")
@click.option("--timezone", prompt="Time zone", default="America/Chicago")
@click.option("--name", prompt="Your name")
@click.option("--email", prompt="Your e-mail")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def setup_command(organization: str, timezone: str, name: str, email: str, password: str) -> None:
    """Begin without demo data: the plan catalogue, the first brokerage, its administrator (X-1).

    The administrator signs in, opens the brokerage, invites its team leads, and reads on the
    page Go live what is still to do.
    """
    if people_queries.organizations():
        raise click.ClickException("There is an organization already. Sign in as administrator.")
    try:
        with unit_of_work():
            billing.seed_catalogue()
            people.create_organization(organization, timezone=timezone, actor=SYSTEM)
            people.create_user(name, email, password, is_admin=True, actor=SYSTEM)
    except DomainError as error:
        raise click.ClickException(error.message) from error
    public = settings.settings().public_url
    click.echo(f"Ready. Sign in at {public} as {email}; {public}/admin/go-live says what is to do.")


@keys_group.command("rotate")
def rotate_command() -> None:
    """Seal every stored secret with the newest of ENCRYPTION_KEYS; run again after a kill (X-6).

    The exit status is 1 while a secret is left that no key opens.
    """
    resealed, unreadable = 0, 0
    for step in rotation.rotate():
        resealed, unreadable = resealed + step.resealed, unreadable + step.unreadable
        if step.unreadable:
            click.echo(f"{step.column}: {step.unreadable} that no key opens", err=True)
    with unit_of_work():
        audit.record(
            "keys:ring:rotate",
            actor=SYSTEM,
            organization_id=None,
            resealed=resealed,
            unreadable=unreadable,
        )
    click.echo(f"{resealed} secrets sealed anew, {unreadable} unreadable")
    sys.exit(1 if unreadable else 0)
