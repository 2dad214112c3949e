"""Pages show what stands once all that is due has happened, also in the minute before it has."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.billing import queries
from portal.billing.service.settling import placed
from portal.core.clock import utcnow
from portal.core.db import undone_work
from portal.texting_accounts.values import AccountRef


@contextmanager
def as_settled(account: AccountRef) -> Iterator[None]:
    """Let a page be made from the account's books as the next unit of work will find them (B-3).

    So what it shows is what a press on its button does (B-13). A look writes nothing: what was due
    is done for the page alone, undone again, and left to whoever comes first.
    """
    now = utcnow()
    if not queries.due_among([account], now):
        yield
        return
    with undone_work():
        placed(account.id, now)
        yield
