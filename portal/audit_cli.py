"""Commands of the tamper-evident audit log (C-5, M-4)."""

import sys
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from flask.cli import AppGroup

from portal.core import audit, audit_tree, checkpoints
from portal.core.audit import INSTALLATION
from portal.core.checkpoints import LogBroken
from portal.core.db import snapshot, unit_of_work
from portal.core.offline import __main__ as offline
from portal.core.offline.notes import Unreadable, read_note
from portal.core.offline.program import program
from portal.core.offline.walk import Verdict
from portal.gateways import timestamps

audit_group = AppGroup("audit", help="The tamper-evident audit log.")
_UNREADABLE: Final = 2  # exit status of what could not be checked; 1 is a fault


@audit_group.command("verify")
@click.option(
    "--file", "file", type=click.Path(path_type=Path), help="An export, not the database."
)
@click.option("--key", "keys", multiple=True, help="The public key an export is held against.")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A checkpoint that was kept elsewhere; may be named again.",
)
def verify_command(file: Path | None, keys: tuple[str, ...], witnesses: tuple[Path, ...]) -> None:
    """Check every chain against all its checkpoints and name the first bad entry.

    The exit status is 0 when everything holds, 1 when something does not, 2 when it could not
    be checked.
    """
    if file is not None:
        sys.exit(_verify_file(file, keys))
    try:
        held = [read_note(path.read_text(encoding="utf-8")) for path in witnesses]
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        click.echo(f"A witness can't be read: {error}", err=True)
        sys.exit(_UNREADABLE)
    total, faults = 0, 0
    for chain in sorted({*checkpoints.chains(), *(UUID(note.chain) for note in held)}):
        verdict = checkpoints.verify(chain, [note for note in held if note.chain == str(chain)])
        total += verdict.entries
        faults += verdict.fault is not None
        _tell(chain, verdict)
    click.echo(f"{total} entries hold, {faults} chains are broken")
    sys.exit(1 if faults else 0)


@audit_group.command("checkpoint")
@click.option("--chain", type=click.UUID, help="Of this organization only.")
@click.option("--output", type=click.Path(path_type=Path), help="A folder for the notes.")
def checkpoint_command(chain: UUID | None, output: Path | None) -> None:
    """Sign every chain as it stands now and print the notes, or write each to a file.

    The exit status is 1 when a chain contradicts what was signed of it before.
    """
    status = 0
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    for each in audit.chains() if chain is None else [chain]:
        with snapshot():
            measured = audit_tree.measure(each)
        try:
            with unit_of_work():
                note = checkpoints.make(measured)
        except LogBroken as error:
            click.echo(f"{_name(each)}: {error.message}", err=True)
            status = 1
            continue
        if output is None:
            click.echo(note.text)
        else:
            path = output / f"{each}-{note.size}.checkpoint"
            path.write_text(note.text)
            click.echo(str(path))
    timestamps.stamp_new()
    click.echo(f"Public key: {checkpoints.public_key()}", err=output is None)
    sys.exit(status)


@audit_group.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--chain", type=click.UUID, help="An organization; unset: the installation.")
def export_command(file: Path, chain: UUID | None) -> None:
    """Write a whole chain with its checkpoints to FILE, to be checked anywhere."""
    with file.open("w", encoding="utf-8") as out:
        for line in checkpoints.export(chain or INSTALLATION):
            out.write(line)
    click.echo(f"{file}: check it with the program of `flask audit verifier`")


@audit_group.command("verifier")
@click.argument("file", type=click.Path(path_type=Path))
def verifier_command(file: Path) -> None:
    """Write the program that checks exports, proofs and checkpoints with nothing but Python."""
    file.write_bytes(program())
    click.echo(f"python {file} EXPORT --key {checkpoints.public_key()}")


def _verify_file(file: Path, keys: tuple[str, ...]) -> int:
    named = [word for key in keys for word in ("--key", key)]
    return offline.main([str(file), *named])


def _tell(chain: UUID, verdict: Verdict) -> None:
    if verdict.fault is not None:
        said = f"entry {verdict.fault.position} {verdict.fault.reason}"
        click.echo(f"{_name(chain)}: {said}", err=True)
        return
    said = f"{verdict.entries} entries, all hold, against {verdict.checkpoints} checkpoints"
    if verdict.superseded:
        said += f" ({verdict.superseded} more are of entries a restored backup lost)"
    click.echo(f"{_name(chain)}: {said}")


def _name(chain: UUID) -> str:
    return "installation" if chain == INSTALLATION else str(chain)
