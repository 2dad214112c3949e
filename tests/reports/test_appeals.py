"""The report on appeals: what became of them, by reason, and how long it took (M-3)."""

from datetime import UTC, date, datetime

from portal.appeals.values import State
from portal.reports.rules import appeals, periods
from portal.reports.rules.appeals import Appeal
from portal.texting_accounts.values import Cause

SENT = datetime(2026, 3, 2, tzinfo=UTC)


def decided(cause, round_, state, days):
    return Appeal(cause, round_, state, SENT, datetime(2026, 3, 2 + days, tzinfo=UTC))


def test_appeals_are_told_by_reason_with_rounds_outcome_and_days():
    period = periods.Period(
        "from-to",
        periods.Span(date(2026, 3, 1), date(2026, 3, 31)),
        periods.Span(date(2026, 2, 1), date(2026, 2, 28)),
    )
    found = appeals.report(
        period,
        [
            decided(Cause.HIGH_OPT_OUTS, 1, State.DENIED, 4),
            decided(Cause.HIGH_OPT_OUTS, 2, State.REINSTATED, 6),
            Appeal(Cause.HIGH_OPT_OUTS, 1, State.DRAFT, None, None),
            Appeal(None, 1, State.WITHDRAWN, SENT, SENT, SENT.date(), "CAS-4711"),
        ],
        [],
    )
    table, rounds = found.tables
    assert [row.cells[1:] for row in table.rows] == [
        (3, 1, 2, 1, 1, 0, 1, "5.0"),
        (1, 0, 1, 0, 0, 1, 0, "–"),
    ]
    assert table.total.cells == ("In all", 4, 1, 3, 1, 1, 1, 1, "5.0")
    assert [row.cells for row in rounds.rows][:2] == [
        ("CAS-4711", SENT.date(), 1, "Withdrawn", "Not said", "–"),
        ("Not known", None, 1, "Draft", "High opt-out rate", "–"),
    ]
    assert [tile.value for tile in found.tiles] == ["4", "1", "5.0"]
    assert appeals.report(period, [], []).tables[0].rows == ()
