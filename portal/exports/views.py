"""What the pages of all files share. Whose file it is and who may see it, each subject's slice says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Response, flash, g, send_file

from portal.core import workbook
from portal.core.access import me
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.exports import queries, service
from portal.exports.values import ExportRef, FileKind, Subject

_TYPES: Final = {FileKind.CSV: "text/csv", FileKind.XLSX: workbook.MIMETYPE}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a file is shown, downloaded and asked for."""

    title: str
    lead: str
    file: str
    download: str
    ask: str
    ask_label: str
    warning: str  # what is in it that not everybody may see


PlacesOf = Callable[[ExportRef], Places]


def show(subject: Subject, export_id: UUID, places_of: PlacesOf) -> Response:
    """Show how far a file of the account is, and the file once it is ready."""
    export = queries.export_or_404(g.account.tenant, subject, export_id)
    return page("exports/file.html", "exports/_file.html", export=export, places=places_of(export))


def send(subject: Subject, export_id: UUID, places_of: PlacesOf) -> Response:
    """Send a file of the account; that it left is written down (M-4)."""
    export = queries.export_or_404(g.account.tenant, subject, export_id)
    try:
        path = service.open_file(export)
    except DomainError as error:
        flash(error.message, "warn")
        return see_other(places_of(export).file)
    with unit_of_work():
        service.note_download(export, actor=me().actor)
    return send_file(
        path, mimetype=_TYPES[export.kind], as_attachment=True, download_name=export.file_name
    )
