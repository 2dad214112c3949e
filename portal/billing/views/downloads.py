"""Tables of billing to download: CSV and Excel workbooks."""

from collections.abc import Iterator, Sequence
from csv import writer
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Response

from portal.core import workbook
from portal.core.cells import safe
from portal.core.errors import BadInput

_BOM = "\ufeff"  # spreadsheets read UTF-8 right only with it
_IN_MEMORY = 5_000_000  # bytes of a download
_CHUNK = 65_536


def as_csv(name: str, head: Sequence[str], rows: Iterator[Sequence[object]]) -> Response:
    """Answer with CSV; no cell is a formula (PROMISES 4).

    Written in full before it is sent, so that a slow reader holds no database connection.
    """
    file = SpooledTemporaryFile(_IN_MEMORY, mode="w+", newline="", encoding="utf-8")  # noqa: SIM115 (_read_out closes it)
    file.write(_BOM)
    into = writer(file)
    into.writerow(head)
    for row in rows:
        into.writerow([safe(c) if isinstance(c, str) else c for c in row])
    return _answer(file, f"{name}.csv", "text/csv")


def as_workbook(name: str, head: Sequence[str], rows: Iterator[Sequence[object]]) -> Response:
    """Answer with an Excel workbook, written in full before it is sent.

    Raises BadInput when the rows are more than a sheet takes.
    """
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (_read_out closes it)
    try:
        workbook.write(file, name, head, _of_a_sheet(rows))
    except BadInput:
        file.close()
        raise
    return _answer(file, f"{name}.xlsx", workbook.MIMETYPE)


def _of_a_sheet(rows: Iterator[Sequence[object]]) -> Iterator[Sequence[object]]:
    for place, row in enumerate(rows):
        if place == workbook.MOST_ROWS:
            raise BadInput(
                f"These are more than the {workbook.MOST_ROWS:,} rows an Excel sheet takes. "
                "Download CSV, or choose fewer."
            )
        yield row


def _answer(file: IO[Any], name: str, mimetype: str) -> Response:
    file.seek(0)
    response = Response(_read_out(file), mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _read_out(file: IO[Any]) -> Iterator[Any]:
    """Yield a file piece by piece and close it at the end."""
    with file:
        while piece := file.read(_CHUNK):
            yield piece
