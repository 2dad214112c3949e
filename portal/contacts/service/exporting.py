"""Files that go out: contacts of a selection, rejected rows; no cell ever runs (K-1, PROMISES 4.4)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from portal.contacts import queries
from portal.contacts.values import ContactRef, ImportRef, Selection, Weight
from portal.core import audit
from portal.core.audit import Actor
from portal.core.cells import safe
from portal.core.tenancy import Tenant

BOM: Final = "\ufeff"  # spreadsheets read UTF-8 right only with it
_PLAIN: Final = (
    ("First name", "first_name"), ("Last name", "last_name"), ("E-mail", "email"),
    ("Street", "street"), ("City", "city"), ("State", "state"), ("ZIP code", "zip"),
    ("Language", "language"), ("Lead source", "lead_source"),
)  # fmt: skip


def record_export(tenant: Tenant, selection: Selection, people: int, *, actor: Actor) -> None:
    """Write down that personal data leaves the portal (M-4); call it before sending the file."""
    audit.record(
        "contacts:contact:export",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        count=people,
        selection=selection.to_json() if selection.matching is not None else "picked",
    )


def contacts(tenant: Tenant, selection: Selection) -> Iterator[str]:
    """Give a CSV of a selection, piece by piece; importing it again changes nothing.

    Numbers stand as E.164 behind an apostrophe, and once more as digits alone.
    """
    most = queries.most_numbers(tenant)
    phones = [
        name
        for i in range(1, most + 1)
        for name in (f"Phone {i}", f"Phone {i} digits", f"Phone {i} type")
    ]
    yield BOM + _line([name for name, _ in _PLAIN] + ["Known since", "Tags", *phones])
    for batch in queries.selected(tenant, selection):
        yield "".join(_line(_cells(contact, most)) for contact in batch)


def rejects(import_: ImportRef) -> Iterator[str]:
    """Give the rejected rows of an import as they were, with line and reason (K-1)."""
    yield BOM + _line([*import_.columns, "Line", "Reason"])
    width = len(import_.columns)
    after = (0, -1)
    while batch := queries.findings(import_, Weight.REJECTED, after, limit=500):
        after = (batch[-1].line, batch[-1].position)
        yield "".join(
            _line([*_fit(row.cells or (), width), str(row.line), row.reason]) for row in batch
        )


def _cells(contact: ContactRef, most: int) -> list[str]:
    since = contact.known_since.isoformat() if contact.known_since else ""
    row = [str(getattr(contact, name)) for _, name in _PLAIN] + [since, "; ".join(contact.tags)]
    for number in contact.numbers:
        row += [number.e164 or number.raw, (number.e164 or "")[1:], number.label]
    return row + [""] * (3 * (most - len(contact.numbers)))


def _fit(cells: Sequence[str], width: int) -> list[str]:
    """Return as many cells as there are columns; what stood beyond them joins the last."""
    if len(cells) <= width:
        return [*cells, *[""] * (width - len(cells))]
    return [*cells[: width - 1], " ".join(cells[width - 1 :])]


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()
