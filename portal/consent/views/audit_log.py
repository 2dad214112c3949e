"""The audit log of an organization, its checkpoints, and what a stranger needs to check it (M-4, C-5)."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from uuid import UUID

from flask import Response, flash, g, url_for

from portal.consent import queries
from portal.consent.views.blueprint import argument, bp
from portal.core import audit, audit_tree, checkpoints
from portal.core.access import Permission, me, requires
from portal.core.columns import BIGGEST
from portal.core.db import snapshot, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.offline.program import NAME, program
from portal.core.web import page, see_other, takes
from portal.texting_accounts import queries as accounts

_IN_MEMORY: Final = 5_000_000
_CHUNK: Final = 1 << 16
CHECKED_AT_ONCE = 2_000  # a longer chain is checked when somebody asks


@bp.get("/organizations/<uuid:organization_id>/audit")
@requires(Permission.VIEW_AUDIT)
@takes("before", "check")
def audit_log(organization_id: UUID) -> Response:
    """List what was done, by whom and when, and say whether the chain holds."""
    before = argument("before", 12)
    if before and not (before.isascii() and before.isdecimal() and int(before) <= BIGGEST):
        raise BadInput("before: this page mark is damaged. Start from the newest entry.")
    found = queries.audit_page(organization_id, before=int(before) if before else None)
    is_checked = bool(argument("check")) or (not before and found.length <= CHECKED_AT_ONCE)
    verdict = checkpoints.verify(organization_id) if is_checked else None
    names = {a.id: a.name for a in accounts.of_organization(organization_id)}
    here: dict[str, Any] = {"organization_id": organization_id}
    return page(
        "consent/audit_log.html",
        "consent/_audit_entries.html",
        found=found,
        verdict=verdict,
        account_names=names,
        organization=g.organization,
        newest=checkpoints.newest(organization_id),
        first_url=url_for("consent.audit_log", **here) if before else None,
        next_url=url_for("consent.audit_log", before=found.next, **here) if found.next else None,
        check_url=url_for("consent.audit_log", check=1, **here),
    )


@bp.get("/organizations/<uuid:organization_id>/audit/checkpoints")
@requires(Permission.VIEW_AUDIT)
def audit_checkpoints(organization_id: UUID) -> Response:
    """List what was signed, with the key and the program to check it."""
    return page(
        "consent/checkpoints.html",
        checkpoints=checkpoints.listed(organization_id),
        public_key=checkpoints.public_key(),
        program_name=NAME,
        organization=g.organization,
    )


@bp.post("/organizations/<uuid:organization_id>/audit/checkpoints")
@requires(Permission.VIEW_AUDIT)
def sign_audit_log(organization_id: UUID) -> Response:
    """Sign the log as it stands now."""
    with snapshot():
        measured = audit_tree.measure(organization_id)
    with unit_of_work():
        note = checkpoints.make(measured)
    flash(f"Signed: {note.size:,} entries.", "ok")
    return see_other(url_for("consent.audit_checkpoints", organization_id=organization_id))


@bp.get("/organizations/<uuid:organization_id>/audit/checkpoints/<uuid:checkpoint_id>")
@requires(Permission.VIEW_AUDIT)
def audit_checkpoint(organization_id: UUID, checkpoint_id: UUID) -> Response:
    """Send one checkpoint as the file to keep."""
    kept = _checkpoint(organization_id, checkpoint_id)
    return _file(kept.note.text, f"checkpoint-{kept.note.size}.txt", "text/plain")


@bp.get("/organizations/<uuid:organization_id>/audit/checkpoints/<uuid:checkpoint_id>/stamp")
@requires(Permission.VIEW_AUDIT)
def audit_stamp(organization_id: UUID, checkpoint_id: UUID) -> Response:
    """Send an authority's stamp on a checkpoint."""
    kept = _checkpoint(organization_id, checkpoint_id)
    if kept.stamp is None:
        raise NotFound("No authority has stamped this checkpoint.")
    name = f"checkpoint-{kept.note.size}.tsr"
    return _file(kept.stamp, name, "application/timestamp-reply")


@bp.post("/organizations/<uuid:organization_id>/audit/export")
@requires(Permission.VIEW_AUDIT)
def export_audit_log(organization_id: UUID) -> Response:
    """Send the whole log with its checkpoints, and write down that it was taken (M-4)."""
    with unit_of_work():
        audit.record("audit:log:export", actor=me().actor, organization_id=organization_id)
    # Written in full before it is sent, so that a slow reader holds no database connection.
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (_read_out closes it)
    for line in checkpoints.export(organization_id):
        file.write(line.encode())
    file.seek(0)
    return _file(_read_out(file), "audit-log.jsonl", "application/jsonl")


@bp.get("/organizations/<uuid:organization_id>/audit/verifier")
@requires(Permission.VIEW_AUDIT)
def audit_verifier(organization_id: UUID) -> Response:  # noqa: ARG001 (the same for everybody)
    """Send the program that checks all of it with nothing but Python."""
    return _file(program(), NAME, "application/zip")


def _checkpoint(organization_id: UUID, checkpoint_id: UUID) -> checkpoints.Kept:
    kept = checkpoints.get(organization_id, checkpoint_id)
    if kept is None:
        raise NotFound("We can't find that checkpoint.")
    return kept


def _read_out(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file piece by piece and close it at the end."""
    with file:
        while piece := file.read(_CHUNK):
            yield piece


def _file(content: Any, name: str, mimetype: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
