"""The end of bringing a number over: nothing of the losing carrier's account is kept (N-3)."""

from portal.core.clock import utcnow
from portal.core.db import after_commit
from portal.core.leased import forget_trouble
from portal.porting.models import PortIn
from portal.porting.service import bills
from portal.porting.service.rows import SECRETS, seal
from portal.porting.values import Bill, State


def end(row: PortIn, state: State) -> None:
    """End a port-in and forget account number, PIN and bill."""
    row.state, row.todo, row.next_at, row.ended_at = state, [], None, utcnow()
    forget_trouble(row)
    row.signature_url = ""
    forget_secrets(row)


def forget_secrets(row: PortIn) -> None:
    """Forget account number, PIN and bill."""
    for secret in SECRETS:
        seal(row, secret, "")
    if row.bill:
        forgotten = Bill(**row.bill)
        row.bill = None
        after_commit(lambda: bills.forget(forgotten))
