"""The report on appeals: how many, in how many rounds, how long, and what came of them (M-3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Final

from portal.appeals.values import STATE_LABELS, State
from portal.reports.rules import words
from portal.reports.rules.periods import Period
from portal.reports.values import CellKind, Column, Report, Row, Table, Tile
from portal.texting_accounts.values import CAUSE_LABELS, Cause

_DAY_S: Final = 86_400
_COLUMNS: Final = (
    Column("Reason", CellKind.TEXT),
    Column("Rounds"),
    Column("Second and later", is_wide=True),
    Column("Sent", is_wide=True),
    Column("Reinstated"),
    Column("Denied"),
    Column("Withdrawn", is_wide=True),
    Column("Open", is_wide=True),
    Column("Days to decision", CellKind.TEXT),
)
_ROUNDS: Final = (
    Column("Ticket", CellKind.TEXT),
    Column("Begun", CellKind.DAY),
    Column("Round"),
    Column("State", CellKind.TEXT),
    Column("Reason", CellKind.TEXT, is_wide=True),
    Column("Days to decision", CellKind.TEXT, is_wide=True),
)


@dataclass(frozen=True, slots=True)
class Appeal:
    """One round of one appeal."""

    cause: Cause | None
    round: int
    state: State
    submitted_at: datetime | None
    decided_at: datetime | None
    begun_on: date | None = None
    ticket: str = ""  # the carrier's number of it

    @property
    def days(self) -> float | None:
        """Return how long the carrier took; None where it did not decide."""
        if self.state not in (State.REINSTATED, State.DENIED):
            return None
        if self.submitted_at is None or self.decided_at is None:
            return None
        return (self.decided_at - self.submitted_at).total_seconds() / _DAY_S


def report(period: Period, now: Sequence[Appeal], before: Sequence[Appeal]) -> Report:
    """Return the appeals begun in a period by the reason of their suspension, the most first."""
    causes = {one.cause for one in now}
    of = {cause: [one for one in now if one.cause is cause] for cause in causes}
    listed = sorted(of, key=lambda cause: (-len(of[cause]), _words(cause)))
    table = Table(
        "appeals",
        "By the reason of the suspension",
        _COLUMNS,
        tuple(Row((_words(cause), *_cells(of[cause]))) for cause in listed),
        Row(("In all", *_cells(now))) if now else None,
        "A round counts on the day it was begun. Days to decision: the middle one, from the day it "
        "was sent until the carrier reinstated or denied.",
        "No appeal was begun in this period.",
    )
    rounds = Table(
        "rounds",
        "Round by round",
        _ROUNDS,
        tuple(_round(one) for one in reversed(now)),
        foot="The newest first. The ticket is the carrier's own number of the case.",
    )
    decided = [one for one in now if one.days is not None]
    granted = sum(one.state is State.REINSTATED for one in decided)
    share = granted / len(decided) if decided else None
    tiles = (
        Tile("Rounds begun", f"{len(now):,}", words.change(period, len(now), len(before))),
        Tile("Reinstated", f"{granted:,}", f"{words.share(share)} of {len(decided):,} decided"),
        Tile("Days to decision", _days(now), words.against(period, _days(before))),
    )
    return Report(tiles if now else (), (), (table, rounds) if now else (table,))


def _cells(of: Sequence[Appeal]) -> tuple[int | str, ...]:
    states = [one.state for one in of]
    over = [states.count(state) for state in (State.REINSTATED, State.DENIED, State.WITHDRAWN)]
    return (
        len(of),
        sum(one.round > 1 for one in of),
        sum(one.submitted_at is not None for one in of),
        *over,
        len(of) - sum(over),
        _days(of),
    )


def _round(one: Appeal) -> Row:
    return Row(
        (
            one.ticket or "Not known",
            one.begun_on,
            one.round,
            STATE_LABELS[one.state],
            _words(one.cause),
            _days([one]),
        )
    )


def _days(of: Sequence[Appeal]) -> str:
    taken = [one.days for one in of if one.days is not None]
    return f"{median(taken):.1f}" if taken else "–"


def _words(cause: Cause | None) -> str:
    return CAUSE_LABELS[cause] if cause else "Not said"
