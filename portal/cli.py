"""Commands of the installation: configuration and the audit log (X-4, C-5)."""

import os
import sys
from typing import NoReturn

import click
from flask.cli import AppGroup

from portal.core import audit, settings

audit_group = AppGroup("audit", help="The tamper-evident audit log.")


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


@audit_group.command("verify")
def verify_command() -> None:
    """Check every chain and name the first bad entry; the exit status is 1 when there is one."""
    total, faults = 0, 0
    for chain in audit.chains():
        entries, fault = audit.verify(chain)
        total += entries
        name = "installation" if chain == audit.INSTALLATION else str(chain)
        if fault is None:
            click.echo(f"{name}: {entries} entries, all hold")
        else:
            faults += 1
            click.echo(f"{name}: entry {fault.position} {fault.reason}", err=True)
    click.echo(f"{total} entries hold, {faults} chains are broken")
    sys.exit(1 if faults else 0)
