"""A report as a file somebody takes away."""

from flask import Response

from portal.core import workbook
from portal.core.errors import NotFound
from portal.reports.rules import files
from portal.reports.values import Report


def as_file(report: Report, head: str, kind: str, name: str) -> Response:
    """Return a report as CSV or as an Excel workbook. Raises NotFound for another kind."""
    content: str | bytes
    if kind == "csv":
        content, mimetype = files.as_csv(report, head), "text/csv"
    elif kind == "xlsx":
        content, mimetype = files.as_workbook(report, head), workbook.MIMETYPE
    else:
        raise NotFound("Reports come as csv or xlsx.")
    response = Response(content, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response
