"""Files of texts: every text of some days, out and in (M-3)."""

from datetime import date
from uuid import UUID

from portal.core.audit import Actor
from portal.exports import service as exports
from portal.exports.values import FileKind, Subject, Wanted
from portal.messaging.queries.exports import count_rows
from portal.texting_accounts.values import AccountRef


def ask(
    account: AccountRef, first: date, last: date, *, kind: FileKind, nonce: str, actor: Actor
) -> UUID:
    """Ask for a file of all texts of these days; the same nonce asks once. Raises ExportRefused."""
    wanted = Wanted(Subject.TEXTS, kind, first, last, account.timezone)
    rows = count_rows(account.tenant, first, last)
    return exports.ask(account, wanted, rows, nonce=nonce, actor=actor)
