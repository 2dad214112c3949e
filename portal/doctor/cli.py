"""The command that looks at everything at once."""

import json
import sys
from collections import defaultdict
from dataclasses import asdict

import click
from sqlalchemy.exc import SQLAlchemyError

from portal.doctor import service
from portal.doctor.values import PROMISES, Finding, Invariant
from portal.webhook_checks import queries as webhook_checks
from portal.webhook_checks.rules import WHY
from portal.webhook_checks.values import Mark, Route

SHOWN = 3  # of one promise; --json gives all


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print all findings as JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Check every promise against the tables; the exit status is 1 when one is broken.

    It is 2 when the database can't be read to its end.

    It reads only, one account at a time, and may run while the product does.
    """
    found: dict[Invariant, list[Finding]] = defaultdict(list)
    scopes = 0
    unread = None
    try:
        for _scope, findings in service.examine_everything():
            scopes += 1
            for finding in findings:
                found[finding.invariant].append(finding)
    except SQLAlchemyError as error:
        unread = str(getattr(error, "orig", None) or error).splitlines()[0]
    if as_json:
        every = [asdict(finding) for findings in found.values() for finding in findings]
        click.echo(json.dumps(every, indent=1, default=str))
    elif unread is None:
        for invariant, promise in PROMISES.items():
            _print(invariant, promise, found[invariant])
        click.echo(f"Looked at {scopes} accounts and audit chains.")
        for mark in webhook_checks.all_marks():
            _print_mark(mark)
    else:
        for invariant in (one for one in PROMISES if found[one]):
            _print(invariant, PROMISES[invariant], found[invariant])
    if unread is not None:
        click.echo(
            f"The database could not be read beyond {scopes} accounts and audit chains: {unread}. "
            "Nothing is said of the rest. Check DATABASE_URL and that the database answers; "
            "where it does, keep a copy of it and compare it with the last backup.",
            err=True,
        )
        sys.exit(2)
    sys.exit(1 if any(found.values()) else 0)


def _print_mark(mark: Mark) -> None:
    """Print the last webhook of a kind; a refused one breaks no promise, so the status stays."""
    outcome = "believed" if mark.is_genuine else "refused"
    why = f": {WHY[mark.reason][0]} {WHY[mark.reason][1]}" if mark.reason else ""
    nobody = "the installation" if mark.route is Route.PORTING else "nobody's account"
    owner = f"organization {mark.organization_id}" if mark.organization_id else nobody
    click.echo(f"Webhook {mark.route} last {outcome} {mark.at:%Y-%m-%d %H:%M} UTC, {owner}{why}")


def _print(invariant: Invariant, promise: str, findings: list[Finding]) -> None:
    verdict = f"{len(findings)} FOUND" if findings else "holds"
    click.echo(f"{invariant:<4} {verdict:<9} {promise}")
    for finding in findings[:SHOWN]:
        click.echo(f"       account {finding.account_id or '-'}: {finding.sentence}")
        click.echo(f"       {finding.advice}")
    if len(findings) > SHOWN:
        click.echo(f"       and {len(findings) - SHOWN} more")
