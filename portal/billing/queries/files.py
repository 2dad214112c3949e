"""The statement as files hold it: one entry of the ledger a row, oldest first (B-13)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.billing.queries.books import statement_batches
from portal.billing.rules import day_start
from portal.billing.values import EntryKind, StatementFilter, StatementLine
from portal.exports.values import Cells, ExportRef, Source


def statement_head(zone: str) -> Sequence[str]:
    """Return the head of the columns; times stand in UTC and in a zone."""
    return ("line", "time_utc", f"time ({zone})", "entry", "what_for", "left_change",
            "reserved_change", "charged_change", "left_after", "text_id")  # fmt: skip


def statement_cells(line: StatementLine, zone: str) -> Cells:
    """Return one line as the cells below that head."""
    return (line.position, f"{line.at:%Y-%m-%d %H:%M:%S}",
            f"{line.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}", line.label, line.detail,
            line.left_change, line.reserved_change, line.spent_change, line.left_after,
            str(line.message_id or ""))  # fmt: skip


def _batches(export: ExportRef) -> Iterator[list[Cells]]:
    asked = StatementFilter(
        EntryKind(export.narrowed) if export.narrowed else None,
        day_start(export.first, export.zone),
        day_start(export.last + timedelta(days=1), export.zone),
    )
    for lines in statement_batches(export.tenant, asked):
        yield [statement_cells(line, export.zone) for line in lines]


STATEMENT: Final = Source(head=lambda export: statement_head(export.zone), batches=_batches)
