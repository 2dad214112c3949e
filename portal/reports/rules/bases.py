"""The report of texts by consent basis at send: what should not be first (M-6, C-8)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from portal.consent.values import METHOD_WORDS, STRENGTH_WORDS, Method, Strength
from portal.messaging.values import Kind
from portal.reports.rules import words
from portal.reports.rules.periods import Period
from portal.reports.values import CellKind, Column, Report, Row, Table, Tile

_TEXT: Final = CellKind.TEXT
_KINDS: Final = {
    Kind.BULK: "Bulk or program",
    Kind.PLAN: "SmartPlan",
    Kind.ONE_TO_ONE: "One person",
}


class Basis(NamedTuple):
    """What texts of one kind rested on; method and strength are empty without a record."""

    kind: Kind
    method: str
    strength: str


def exception(basis: Basis) -> str:
    """Return why texts on a basis want a look; empty where all is as it should be."""
    if not basis.strength:
        return "No consent record"
    if basis.strength == Strength.NONE:
        return "Not valid consent"
    if basis.kind.is_marketing and basis.strength != Strength.EXPRESS_WRITTEN:
        return "Bulk without written consent"
    if basis.method == Method.AGENT_STATED:
        return "Only an agent's word"
    if basis.method == Method.IMPORT:
        return "Imported, method not named"
    return ""


_ORDER: Final = (
    "No consent record",
    "Not valid consent",
    "Bulk without written consent",
    "Only an agent's word",
    "Imported, method not named",
    "",
)


def report(period: Period, now: Mapping[Basis, int], before: Mapping[Basis, int]) -> Report:
    """Return texts by basis: exceptions first, the gravest before all, then the most texts."""
    sent, odd = sum(now.values()), _exceptions(now)
    written = sum(n for basis, n in now.items() if basis.strength == Strength.EXPRESS_WRITTEN)
    tiles = (
        Tile("Texts that left", f"{sent:,}", words.change(period, sent, sum(before.values()))),
        Tile("To look at", f"{odd:,}", words.change(period, odd, _exceptions(before))),
        Tile(
            "On written consent", words.share(written / sent if sent else None), "Express written"
        ),
    )
    table = Table(
        "by-basis",
        "What texts rested on when they left",
        (
            Column("Basis", _TEXT),
            Column("Strength", _TEXT, is_wide=True),
            Column("Kind of text", _TEXT, is_wide=True),
            Column("To look at", _TEXT),
            Column("Texts"),
        ),
        tuple(
            _row(basis, texts)
            for basis, texts in sorted(
                now.items(), key=lambda one: (_ORDER.index(exception(one[0])), -one[1], one[0])
            )
        ),
        foot="The record a text rested on at the moment it left, whatever came later. Free notices and "
        "what never left are not counted.",
        empty="No text left on these days.",
    )
    return Report(tiles if now else (), (), (table,))


def _exceptions(counted: Mapping[Basis, int]) -> int:
    return sum(texts for basis, texts in counted.items() if exception(basis))


def _row(basis: Basis, texts: int) -> Row:
    method = METHOD_WORDS[Method(basis.method)] if basis.method else "No record"
    strength = STRENGTH_WORDS[Strength(basis.strength)] if basis.strength else "None"
    return Row((method, strength, _KINDS.get(basis.kind, basis.kind), exception(basis), texts))
