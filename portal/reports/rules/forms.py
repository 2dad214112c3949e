"""The report by form: who signed up by which form, and what became of texts on that consent (M-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.reports.rules import words
from portal.reports.rules.periods import Period
from portal.reports.values import CellKind, Column, Report, Row, Sums, Table, Tile

_TEXT: Final = CellKind.TEXT
_NO_FORM: Final = ("", "")


@dataclass(frozen=True, slots=True)
class ByForm:
    """Some days' texts and consents by form and version; both empty: without a form."""

    texts: Mapping[tuple[str, str], Sums]
    consents: Mapping[tuple[str, str], int]

    @property
    def signed_up(self) -> int:
        """Return how many consents came by any form."""
        return sum(count for form, count in self.consents.items() if form != _NO_FORM)

    @property
    def of_forms(self) -> Sums:
        """Return the texts that rest on a consent by any form."""
        return sum((sums for form, sums in self.texts.items() if form != _NO_FORM), Sums())


def report(period: Period, now: ByForm, before: ByForm) -> Report:
    """Return each form and version with its consents and texts, by name; without a form last."""
    texts, consents = now.texts, now.consents
    forms = sorted({*texts, *consents}, key=lambda form: (form == _NO_FORM, form))
    arrived, had_arrived = now.of_forms.delivered_share, before.of_forms.delivered_share
    others = texts.get(_NO_FORM, Sums())
    tiles = (
        Tile(
            "Consents by form",
            f"{now.signed_up:,}",
            words.change(period, now.signed_up, before.signed_up),
        ),
        Tile(
            "Texts on them",
            f"{now.of_forms.sent:,}",
            f"{others.sent:,} more on consent without a form",
        ),
        Tile("Arrived", words.share(arrived), words.against(period, words.share(had_arrived))),
    )
    table = Table(
        "by-form",
        "Form by form",
        (
            Column("Form", _TEXT),
            Column("Version", _TEXT, is_wide=True),
            Column("Consents"),
            Column("Texts"),
            Column("Delivered", is_wide=True),
            Column("Arrived", CellKind.PERCENT),
            Column("Went wrong", is_wide=True),
            Column("Segments", is_wide=True),
            Column("Credits", is_wide=True),
        ),
        tuple(_row(form, texts.get(form, Sums()), consents.get(form, 0)) for form in forms),
        foot="A text belongs to the form its consent came from at the moment it left, whenever that "
        "consent was given; what never left, and free notices, belong to none.",
        empty="Nobody signed up by a form on these days, and no text rests on one.",
    )
    return Report(tiles if forms else (), (), (table,))


def _row(form: tuple[str, str], sums: Sums, consents: int) -> Row:
    name, version = form
    return Row(
        (
            name or "No form", version, consents, sums.sent, sums.delivered, sums.delivered_share,
            sums.went_wrong, sums.segments, sums.credits,
        )
    )  # fmt: skip
