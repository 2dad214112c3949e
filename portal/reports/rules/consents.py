"""The report of consent: how numbers stand, who signed up by which form, who opted out (C-1, M-3)."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from portal.consent.queries import Coverage
from portal.reports.rules import periods, words
from portal.reports.rules.charts import bar_chart
from portal.reports.rules.periods import Period, Piece
from portal.reports.values import CellKind, Column, Report, Row, Table, Tile

_TEXT, _PERCENT = CellKind.TEXT, CellKind.PERCENT


def report(
    period: Period,
    covered: Sequence[tuple[UUID, str, Coverage]],
    gone: Mapping[date, int],
    gone_before: int,
    given: Sequence[tuple[str, str, str, int]],
) -> Report:
    """Return how far numbers rest on consent, who signed up by which form, and who opted out."""
    numbers = sum(one.numbers for _, _, one in covered)
    good = sum(one.numbers - one.not_valid - one.opted_out for _, _, one in covered)
    out = sum(gone.values())
    tiles = (
        Tile(
            "Covered",
            f"{good * 100 // numbers} %" if numbers else "–",
            f"{good:,} of {numbers:,} numbers may get at least one-to-one texts",
        ),
        Tile("Opted out", f"{out:,}", words.change(period, out, gone_before), unit="times"),
        Tile("Consents", f"{sum(n for *_, n in given):,}", "Kept on these days, gaps included"),
    )
    points = [
        (piece, sum(n for day, n in gone.items() if piece.span.first <= day <= piece.span.last))
        for piece in periods.pieces(period.span)
    ]
    unit = periods.unit(period.span)
    chart = bar_chart("Opt-outs", unit, [(piece.label, piece.short, n) for piece, n in points])
    tables = (_coverage(covered), _forms(given), _opt_outs(unit, points, out))
    return Report(tiles, (chart,) if chart else (), tables)


def _coverage(covered: Sequence[tuple[UUID, str, Coverage]]) -> Table:
    return Table(
        "coverage",
        "How the numbers stand now",
        (
            Column("Account", _TEXT),
            Column("Covered", _PERCENT),
            Column("Express written", is_wide=True),
            Column("Express", is_wide=True),
            Column("Inquiry", is_wide=True),
            Column("Nothing valid"),
            Column("Opted out"),
        ),
        tuple(
            Row(
                (
                    name,
                    (one.numbers - one.not_valid - one.opted_out) / one.numbers
                    if one.numbers
                    else None,
                    one.express_written,
                    one.express,
                    one.inquiry,
                    one.not_valid,
                    one.opted_out,
                ),
                of=id_,
            )
            for id_, name, one in covered
        ),
        empty="No account yet.",
    )


def _forms(given: Sequence[tuple[str, str, str, int]]) -> Table:
    return Table(
        "forms",
        "Consents by form and way",
        (
            Column("Form", _TEXT),
            Column("Way", _TEXT),
            Column("Strength", _TEXT, is_wide=True),
            Column("Consents"),
        ),
        tuple(Row((form or "No form", way, strength, n)) for form, way, strength, n in given),
        empty="No consent was kept on these days.",
    )


def _opt_outs(unit: str, points: Sequence[tuple[Piece, int]], out: int) -> Table:
    return Table(
        "opt-outs",
        f"Opt-outs every {unit}",
        (Column(unit.capitalize(), _TEXT), Column("Opt-outs")),
        tuple(Row((piece.label, n)) for piece, n in points) if out else (),
        Row(("In all", out)) if out else None,
        empty="Nobody opted out on these days.",
    )
