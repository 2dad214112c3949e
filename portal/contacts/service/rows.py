"""The rows of a file for a handler: matched to fields, checked for shape, told about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.contacts.models import Import
from portal.contacts.rules import cells as cell_rules
from portal.contacts.service import reading
from portal.contacts.values import ImportRef, Weight
from portal.core.cells import is_formula, plain


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first line, its cells, and the cells that are not empty by field."""

    line: int
    cells: tuple[str, ...]
    values: Mapping[str, Sequence[tuple[int, str]]]  # (column, text)

    def first(self, field: str) -> str:
        """Return the first text for a field, or nothing."""
        found = self.values.get(field)
        return found[0][1] if found else ""

    def all(self, field: str) -> Sequence[tuple[int, str]]:
        """Return every text for a field with the column it stands in."""
        return self.values.get(field, ())


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a row worth telling; `column` is an index or None."""

    weight: Weight
    code: str
    reason: str
    column: int | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a row: imported, merged into what is there, or (neither) rejected."""

    is_imported: bool = False
    is_merged: bool = False
    findings: tuple[Finding, ...] = ()


def judged(row: Row, verdict: Verdict) -> tuple[Sequence[Finding], Mapping[str, int]]:
    """Return all there is to tell about a row, and what it adds to the import's counts."""
    is_kept = verdict.is_imported or verdict.is_merged
    found = (*verdict.findings, *looks(row)) if is_kept else verdict.findings
    weights = {finding.weight for finding in found} if found else ()
    return found, {
        "imported": verdict.is_imported,
        "merged": verdict.is_merged,
        "rejected": not is_kept,
        "untextable": Weight.KEPT in weights,
        "noted": Weight.NOTE in weights,
    }


def rows_of(import_: ImportRef) -> Iterator[Row | tuple[Row, Finding]]:
    """Give the rows from where the last run stopped, those of the wrong shape with the reason."""
    records = reading.read(import_.stored_name, import_.encoding, import_.delimiter)
    header = next(records).cells if import_.has_header else None
    width = len(import_.columns)
    matched = [(column, name) for column, name in enumerate(import_.mapping) if name]
    for place, record in enumerate(records):
        if place < import_.rows_done:
            continue
        kept = tuple([plain(cell.strip()) for cell in record.cells])
        values: dict[str, list[tuple[int, str]]] = {}
        for column, name in matched:
            cell = kept[column] if column < len(kept) else ""
            if cell:
                values.setdefault(name, []).append((column, cell))
        row = Row(record.line, kept, values)
        finding = _misshapen(record, header, width)
        yield (row, finding) if finding else row


def _misshapen(record: reading.Record, header: Sequence[str] | None, width: int) -> Finding | None:
    cells = record.cells
    if header is not None and cells == header:
        return Finding(Weight.REJECTED, "header_again", "This line repeats the header.")
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return Finding(
            Weight.REJECTED,
            "too_many_cells",
            f"It has {len(cells)} cells where {width} belong. A cell with a separator in it must "
            "stand in quotation marks.",
        )
    if max(map(len, cells), default=0) <= reading.MAX_CELL:
        return None
    for column, cell in enumerate(cells):
        if len(cell) > reading.MAX_CELL:
            return Finding(
                Weight.REJECTED,
                "too_long",
                f"A cell has {len(cell):,} characters; {reading.MAX_CELL:,} is the most. Shorten it.",
                column,
            )
    return None


def looks(row: Row) -> Iterator[Finding]:
    """Give what looks odd in a row that is kept."""
    for field, cells in row.values.items():
        if field.startswith("phone"):
            continue
        for column, cell in cells:
            if "(" not in cell and "?" not in cell and cell[:1] not in "=@＝＠":
                continue  # as nearly all do
            if cell[:1] in "=@＝＠" or (is_formula(cell) and "(" in cell):
                yield Finding(
                    Weight.NOTE,
                    "formula",
                    "It looks like a spreadsheet formula. It is kept as plain text and never run.",
                    column,
                    cell,
                )
            elif cell_rules.lost_letter(cell) and "://" not in cell:
                yield Finding(
                    Weight.NOTE,
                    "lost_letter",
                    "A letter was lost before the file was made: ? stands in its place.",
                    column,
                    cell,
                )


def finding_rows(import_: Import, row: Row, found: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    """Give what was found about a row as rows to insert."""
    for position, finding in enumerate(found):
        column = finding.column
        yield {
            "import_id": import_.id,
            "organization_id": import_.organization_id,
            "account_id": import_.account_id,
            "line": row.line,
            "position": position,
            "weight": finding.weight,
            "code": finding.code,
            "column": import_.columns[column][:100] if column is not None else "",
            "value": finding.value[:200],
            "reason": finding.reason[:500],
            "cells": list(row.cells) if finding.weight is Weight.REJECTED else None,
        }
