"""Pages of the credit statement and of invoices (B-12, B-13)."""

from collections.abc import Iterator
from csv import writer
from tempfile import SpooledTemporaryFile
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, g, request

from portal.billing import queries
from portal.billing.values import InvoiceRef, StatementLine
from portal.billing.views.blueprint import PER_PAGE, bp
from portal.core.access import Permission, me, requires
from portal.core.cells import safe
from portal.core.errors import BadInput
from portal.core.web import page, takes

_BIGGEST_KEY = 2_147_483_647
_IN_MEMORY = 5_000_000  # bytes of a download
_CHUNK = 65_536


@bp.get("/accounts/<uuid:account_id>/statement")
@requires(Permission.VIEW_CREDITS)
@takes("before")
def statement(account_id: UUID) -> Response:
    """Show every entry of the account's ledger, newest first (B-13)."""
    found = queries.statement(g.account.tenant, before=_key("before"), limit=PER_PAGE)
    return page(
        "billing/statement.html",
        "billing/_statement.html",
        balance=queries.balance(account_id),
        lines=found.lines,
        is_first_page="before" not in request.args,
        next_before=found.next_before,
    )


@bp.get("/accounts/<uuid:account_id>/statement/export")
@requires(Permission.VIEW_CREDITS)
def export_statement(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download every entry of the ledger as CSV, oldest first."""
    zone = ZoneInfo(me().timezone)
    head = ["line", "time_utc", f"time ({zone.key})", "entry", "what_for", "left_change",
            "reserved_change", "charged_change", "left_after", "text_id"]  # fmt: skip

    def cells(line: StatementLine) -> list[object]:
        return [line.position, f"{line.at:%Y-%m-%d %H:%M:%S}",
                f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}", line.label, line.detail,
                line.left_change, line.reserved_change, line.spent_change, line.left_after,
                str(line.message_id or "")]  # fmt: skip

    lines = queries.statement_lines(g.account.tenant)
    return _download("statement", head, (cells(line) for line in lines))


@bp.get("/accounts/<uuid:account_id>/invoices")
@requires(Permission.VIEW_CREDITS)
@takes("before")
def invoices(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the invoice lines of the account, newest first (B-12)."""
    rows = queries.invoices(g.account.tenant, before=_key("before"), limit=PER_PAGE + 1)
    shown = rows[:PER_PAGE]
    return page(
        "billing/invoices.html",
        "billing/_invoices.html",
        invoices=shown,
        is_first_page="before" not in request.args,
        next_before=shown[-1].number if len(rows) > PER_PAGE else None,
    )


@bp.get("/accounts/<uuid:account_id>/invoices/export")
@requires(Permission.VIEW_CREDITS)
def export_invoices(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download the invoice lines of the account as CSV (B-12)."""
    head = ["number", "date_utc", "description", "from", "to", "amount_usd", "state", "provider"]

    def cells(row: InvoiceRef) -> list[object]:
        amount = f"{row.amount_cents // 100}.{row.amount_cents % 100:02d}"
        return [row.label, f"{row.at:%Y-%m-%d}", row.description, row.period_start,
                row.period_end, amount, row.state.value, row.provider]  # fmt: skip

    rows = queries.invoices(g.account.tenant, limit=10_000)
    return _download("invoices", head, (cells(row) for row in rows))


def _key(name: str) -> int | None:
    """Return where a page begins, from the URL. Raises BadInput when it is no such place."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _BIGGEST_KEY):
        raise BadInput(
            f"The address says {name}={text[:40]}, which is no line number. Go back to the first page."
        )
    return int(text)


def _download(name: str, head: list[str], rows: Iterator[list[object]]) -> Response:
    """Answer with CSV; no cell is a formula (PROMISES 4).

    Written in full before it is sent, so that a slow reader holds no database connection.
    """
    file = SpooledTemporaryFile(_IN_MEMORY, mode="w+", newline="", encoding="utf-8")  # noqa: SIM115 (_read_out closes it)
    into = writer(file)
    into.writerow(head)
    for row in rows:
        into.writerow([safe(c) if isinstance(c, str) else c for c in row])
    file.seek(0)
    response = Response(_read_out(file), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return response


def _read_out(file: IO[str]) -> Iterator[str]:
    """Yield a file piece by piece and close it at the end."""
    with file:
        while piece := file.read(_CHUNK):
            yield piece
