"""The report on calls: how many came, how many were taken, and their minutes (N-8, M-3)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from portal.calls.values import DaySums
from portal.reports.rules import periods, words
from portal.reports.rules.charts import bar_chart
from portal.reports.rules.periods import Period
from portal.reports.values import CellKind, Column, Report, Row, Table, Tile

_COLUMNS: Final = (
    Column("Calls"),
    Column("Forwarded", is_wide=True),
    Column("Answered"),
    Column("Not taken", is_wide=True),
    Column("Minutes in", is_wide=True),
    Column("Minutes forwarded"),
)


def report(period: Period, now: Mapping[date, DaySums], before: DaySums) -> Report:
    """Return calls over time, apart from texts and their credits."""
    whole = _total(now.values())
    rows, points = [], []
    for piece in periods.pieces(period.span):
        sums = _total(s for day, s in now.items() if piece.span.first <= day <= piece.span.last)
        rows.append(Row((piece.label, *_cells(sums))))
        points.append((piece.label, piece.short, sums.calls))
    unit = periods.unit(period.span)
    chart = bar_chart("Calls", unit, points)
    table = Table(
        "calls",
        f"Every {unit}",
        (Column(unit.capitalize(), CellKind.TEXT), *_COLUMNS),
        tuple(rows) if whole.calls else (),
        Row(("In all", *_cells(whole))) if whole.calls else None,
        "Calls cost no credits. The carrier bills each begun minute of both legs: the caller’s, "
        "and the one to the phone a call is forwarded to.",
        "No call came in this period.",
    )
    tiles = (
        Tile("Calls", f"{whole.calls:,}", words.change(period, whole.calls, before.calls)),
        Tile("Answered", f"{whole.answered:,}", f"of {whole.forwarded:,} forwarded"),
        Tile(
            "Minutes",
            f"{whole.minutes + whole.forwarded_minutes:,}",
            f"{whole.minutes:,} in, {whole.forwarded_minutes:,} forwarded",
        ),
    )
    return Report(tiles if whole.calls else (), (chart,) if chart else (), (table,))


def _cells(sums: DaySums) -> tuple[int, ...]:
    return (
        sums.calls,
        sums.forwarded,
        sums.answered,
        sums.missed,
        sums.minutes,
        sums.forwarded_minutes,
    )


def _total(several: Iterable[DaySums]) -> DaySums:
    found = list(several)
    return DaySums(
        None,
        sum(one.calls for one in found),
        sum(one.forwarded for one in found),
        sum(one.answered for one in found),
        sum(one.minutes for one in found),
        sum(one.forwarded_minutes for one in found),
    )
