"""Writing down what became of a number, and telling the people of its account."""

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.notifications import service as notifications
from portal.numbers.models import SenderNumber
from portal.texting_accounts import queries as texting_accounts


def record(row: SenderNumber, event: str, actor: Actor, **more: str) -> None:
    """Write what was done with a number into the audit log."""
    db.session.flush()  # the audit entry comes last
    audit.record(
        event,
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        number=row.e164,
        **more,
    )


def tell(row: SenderNumber, event: str, title: str, text: str, url: str | None = None) -> None:
    """Tell the account's people once of an event of a number, and of its giving back once each."""
    account = texting_accounts.account(row.account_id)
    assert account is not None  # the number's row names it
    when = f":{row.release_at.isoformat()}" if row.release_at and event != "released" else ""
    notifications.notify(
        organization_id=row.organization_id,
        account_id=row.account_id,
        user_ids=texting_accounts.watchers(account),
        kind="numbers",
        title=title,
        text=text,
        url=url or f"/accounts/{row.account_id}/numbers/{row.id}",
        dedupe_key=f"number:{event}:{row.id}{when}",
    )
