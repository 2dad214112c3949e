"""A report as a file: CSV with cells no spreadsheet runs, or an Excel workbook."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Final

from portal.compliance.rules.health import Band
from portal.core import workbook
from portal.core.cells import safe
from portal.reports.values import CellKind, Report, Table

_SHARES: Final = (CellKind.PERCENT, CellKind.RATE)
BOM: Final = "\ufeff"  # spreadsheets read UTF-8 right only with it


def as_csv(report: Report, head: str) -> str:
    """Return all tables of a report one below the other, each under its title."""
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out)
    writer.writerow([safe(head)])
    for table in report.tables:
        writer.writerow([])
        writer.writerow([safe(table.title)])
        for row in _rows(table):
            writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def as_workbook(report: Report, head: str) -> bytes:
    """Return a workbook with all tables of a report one below the other."""
    rows = (
        row
        for table in report.tables
        for row in chain[list[object]]([[], [table.title]], _rows(table))
    )
    out = io.BytesIO()
    workbook.write(out, "Report", [head], rows)
    return out.getvalue()


def _rows(table: Table) -> Iterator[list[object]]:
    """Return head, rows and total; a share stands as percent."""
    yield [
        f"{column.label}, %" if column.kind in _SHARES else column.label for column in table.columns
    ]
    for row in (*table.rows, *((table.total,) if table.total else ())):
        yield [
            _cell(value, column.kind)
            for column, value in zip(table.columns, row.cells, strict=True)
        ]


def _cell(value: object, kind: CellKind) -> object:
    if kind in _SHARES and isinstance(value, float):
        return round(value * 100, 2)
    if isinstance(value, Band):
        return value.words
    if kind is CellKind.DAY and isinstance(value, date):
        return value.isoformat()
    return value
