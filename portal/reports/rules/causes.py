"""Causes as the page and its table tell them (H-8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.compliance.rules.causes import Cause, Dimension, Trouble
from portal.compliance.rules.health import Band, Outcomes, Thresholds
from portal.reports.values import CellKind, Column, Row, Table

KINDS: Final[Mapping[Dimension, str]] = {
    Dimension.SOURCE: "Lead source",
    Dimension.STEP: "Plan step",
    Dimension.CAMPAIGN: "Campaign",
    Dimension.WORDING: "Similar texts",
    Dimension.NUMBER: "Number",
    Dimension.AGENT: "Agent",
    Dimension.ACCOUNT: "Account",
    Dimension.CODE: "Error code",
}


@dataclass(frozen=True, slots=True)
class Named:
    """One cause with its name, and where its bad events are, too."""

    cause: Cause
    name: str
    shared: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return the whole sentence."""
        return f"{self.name}: {self.cause.words}"


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of trouble: how much there is, what it comes from, and every part of it."""

    trouble: Trouble
    outcomes: Outcomes
    band: Band
    causes: tuple[Named, ...]
    table: Table


def named(causes: Iterable[Cause], names: Mapping[tuple[Dimension, str], str]) -> list[Named]:
    """Give causes their names; one without any, deleted meanwhile, is called by its kind."""
    return [
        Named(
            cause,
            _name(names, cause.dimension, cause.value),
            tuple(
                _name(names, dimension, value)
                for dimension, value, _ in cause.shared
                if dimension is not Dimension.ACCOUNT
            ),
        )
        for cause in causes
    ]


def part(
    trouble: Trouble, outcomes: Outcomes, by: Thresholds, causes: Sequence[Named],
    apart: Sequence[Named],
) -> Part:  # fmt: skip
    """Return what the page says of one kind of trouble."""
    is_opt_outs = trouble is Trouble.OPT_OUTS
    events, texts = ("Opt-outs", "Delivered") if is_opt_outs else ("Errors", "Sent")
    table = Table(
        trouble.name.lower(),
        f"{events} by every part",
        (
            Column("What", CellKind.TEXT),
            Column("Kind", CellKind.TEXT, is_wide=True),
            Column(events),
            Column(texts, is_wide=True),
            Column("Rate", CellKind.RATE),
            Column("Elsewhere", CellKind.RATE, is_wide=True),
            Column("Explains", is_wide=True),
        ),
        tuple(
            Row(
                (
                    each.name,
                    KINDS[each.cause.dimension],
                    each.cause.inside.events,
                    each.cause.inside.texts,
                    each.cause.inside.rate,
                    each.cause.elsewhere.rate if each.cause.elsewhere.texts else None,
                    max(0, round(each.cause.explains)),
                )
            )
            for each in apart
        ),
        foot=f"Explains: {events.lower()} beyond the rate of everything else. What lies in one "
        "another is counted in each: the same text has a campaign, a number and a list.",
        empty=f"No {trouble} in this time.",
    )
    band = outcomes.opt_outs(by) if is_opt_outs else outcomes.errors(by)
    return Part(trouble, outcomes, band, tuple(causes), table)


def _name(names: Mapping[tuple[Dimension, str], str], dimension: Dimension, value: str) -> str:
    return names.get((dimension, value)) or f"{KINDS[dimension]} that is gone"
