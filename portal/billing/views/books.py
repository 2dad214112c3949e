"""Pages of the credit statement (B-13)."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, g, request, url_for

from portal.billing import queries
from portal.billing.rules import LABELS, day_start, expiry_words
from portal.billing.values import EntryKind, StatementFilter
from portal.billing.views.blueprint import PER_PAGE, bp
from portal.billing.views.downloads import as_csv, as_workbook
from portal.core import audit
from portal.core.access import Permission, me, requires
from portal.core.columns import BIGGEST
from portal.core.days import day_of
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.web import page, takes
from portal.exports import queries as exports
from portal.exports.values import Cells, Subject, event_of

AT_ONCE: Final = 10_000  # lines that the page itself hands over; more are a worker's
_FILES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks of the statement, as it was typed."""

    kind: str
    first: str
    last: str

    @property
    def is_narrow(self) -> bool:
        """Say whether anything is left out."""
        return bool(self.kind or self.first or self.last)

    def url(self, endpoint: str, **more: object) -> str:
        """Return the address of these entries at another place."""
        told = {"kind": self.kind, "from": self.first, "to": self.last, **more}
        query = urlencode({name: value for name, value in told.items() if value})
        place = url_for(endpoint, account_id=g.account.id)
        return f"{place}?{query}" if query else place


@bp.get("/accounts/<uuid:account_id>/statement")
@requires(Permission.VIEW_CREDITS)
@takes("before", "kind", "from", "to")
def statement(account_id: UUID) -> Response:
    """Show the entries of the account's ledger, newest first (B-13)."""
    asked, wanted = read_asked()
    standing = queries.standings([g.account])[account_id]
    tenant = g.account.tenant
    found = queries.statement(tenant, line_key("before"), PER_PAGE, wanted)
    return page(
        "billing/statement.html",
        "billing/_statement.html",
        balance=standing.balance,
        expiry=expiry_words(standing.balance),
        forecast=standing.forecast,
        lines=found.lines,
        asked=asked,
        kinds=[(kind.value, LABELS[kind][0]) for kind in LABELS],
        is_large=_is_large(wanted),
        at_once=AT_ONCE,
        nonce=secrets.token_hex(16),
        exports=exports.exports(tenant, Subject.STATEMENT, _FILES_SHOWN),
        file_url=lambda export: url_for(
            ".statement_file", account_id=account_id, export_id=export.id
        ),
        first_url=asked.url(".statement") if "before" in request.args else None,
        next_url=asked.url(".statement", before=found.next_before) if found.next_before else None,
    )


@bp.get("/accounts/<uuid:account_id>/statement/export")
@requires(Permission.VIEW_CREDITS)
@takes("kind", "from", "to")
def export_statement(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download the entries that are shown as CSV, oldest first."""
    return as_csv("statement", *_table())


@bp.get("/accounts/<uuid:account_id>/statement/workbook")
@requires(Permission.VIEW_CREDITS)
@takes("kind", "from", "to")
def statement_workbook(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download the same as an Excel workbook."""
    return as_workbook("statement", *_table())


def _table() -> tuple[Sequence[str], Iterator[Cells]]:
    """Return head and rows of the statement as files hold it; that they left is written down.

    The lines of texts that came in name who wrote (M-4). Raises BadInput for too many.
    """
    zone = me().timezone
    asked, wanted = read_asked()
    count = queries.statement_count(g.account.tenant, wanted, AT_ONCE + 1)
    if count > AT_ONCE:
        raise BadInput(
            f"These are more than {AT_ONCE:,} lines. Ask for them as a file on the statement’s page."
        )
    with unit_of_work():
        audit.record(
            event_of(Subject.STATEMENT, "download"),
            actor=me().actor,
            organization_id=g.account.organization_id,
            account_id=g.account.id,
            subject_id=None,
            first=asked.first,
            last=asked.last,
            narrowed=asked.kind,
            lines=count,
        )
    lines = queries.statement_lines(g.account.tenant, wanted)
    return queries.statement_head(zone), (queries.statement_cells(line, zone) for line in lines)


def _is_large(wanted: StatementFilter) -> bool:
    """Say whether a worker makes the file of these entries."""
    return queries.statement_count(g.account.tenant, wanted, AT_ONCE + 1) > AT_ONCE


def read_asked() -> tuple[Asked, StatementFilter]:
    """Return what the address asks for; days are the reader's. Raises BadInput."""
    typed = Asked(*(request.args.get(name, "") for name in ("kind", "from", "to")))
    if typed.kind and typed.kind not in set(LABELS):
        raise BadInput(f"kind: choose one of {', '.join(kind.value for kind in LABELS)}.")
    first, last = day_of("from", typed.first), day_of("to", typed.last)
    if first and last and last < first:
        raise BadInput("to: this day is before the first one. Swap the two days.")
    zone = me().timezone
    return typed, StatementFilter(
        EntryKind(typed.kind) if typed.kind else None,
        day_start(first, zone) if first else None,
        day_start(last + timedelta(days=1), zone) if last else None,
    )


def line_key(name: str) -> int | None:
    """Return where a page begins, from the URL. Raises BadInput when it is no such place."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= BIGGEST):
        raise BadInput(
            f"The address says {name}={text[:40]}, which is no line number. Go back to the first page."
        )
    return int(text)
