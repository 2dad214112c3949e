"""Alarms and account trouble: sending stops, people are told, nothing is lost (PROMISES 2.4)."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.compliance import service as compliance
from portal.core import audit, clock
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, is_sqlite
from portal.core.errors import DomainError
from portal.core.formats import phone
from portal.messaging.models import Message, StrayText
from portal.messaging.service import fence, outbox
from portal.messaging.values import FenceCause, State
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountState

logger = logging.getLogger(__name__)

_GO_LIVE: Final = "/admin/go-live"
_DOUBLE: Final = "messaging:text:double"
_CAMPAIGN_SUSPENDED: Final = 30033  # the registered campaign all its texts go under
SUSPENDED_CODES: Final = frozenset({10001, 20005, 30002, _CAMPAIGN_SUSPENDED, 90010})


def double_text(
    organization_id: UUID, account_id: UUID, message_id: UUID, *, first: str, second: str
) -> None:
    """Raise the DOUBLE alarm: one text has two names at the carrier (I1's own monitor).

    Once for each second name: what the carrier reports of it later stops nobody who has looked.
    """
    if _is_raised(organization_id, message_id, second):
        return
    logger.critical("DOUBLE text %s: %s and %s", message_id, first, second)
    _pause(account_id, "A person may have got one text twice. Sending waits until somebody looked.")
    to = _explain(organization_id, message_id, second)
    _tell(
        account_id,
        "A text may have gone out twice",
        f"The carrier has two names for one text to {phone(to)}, so the person may have got it "
        "twice. Sending from this account is paused. Ask your administrator what happened, tell "
        "the person if it matters, then resume sending here.",
        f"double:{message_id}:{second}",
        also=[officer.id for officer in people.officers(organization_id)],
    )
    account = accounts.account(account_id)
    notifications.notify(
        organization_id=organization_id,
        account_id=account_id,
        user_ids=[person.id for person in people.administrators()],
        kind="trouble",
        title="A text may have gone out twice",
        text=f"{account.name if account else account_id}: the carrier calls text {message_id} both "
        f"{first} and {second}. The account is paused. Look both up in the carrier's log and tell "
        "the account's people what happened; they resume sending.",
        url=None,
        dedupe_key=f"double:{message_id}:{second}",
    )
    audit.record(
        _DOUBLE,
        actor=SYSTEM,
        organization_id=organization_id,
        account_id=account_id,
        subject_id=message_id,
        first=first,
        second=second,
    )


def _is_raised(organization_id: UUID, message_id: UUID, second: str) -> bool:
    said = db.session.scalars(
        select(AuditEntry.payload).where(
            AuditEntry.chain == organization_id,
            AuditEntry.subject_id == message_id,
            AuditEntry.event == _DOUBLE,
        )
    )
    return any((payload or {}).get("second") == second for payload in said)


def _explain(organization_id: UUID, message_id: UUID, second: str) -> str | None:
    """Keep a second name as explained, so that no sweep calls it a text nobody here sent.

    Returns whom the text was to.
    """
    now = clock.utcnow()
    text = db.session.get_one(Message, message_id)
    insert = (sqlite if is_sqlite() else postgresql).insert(StrayText)
    db.session.execute(
        insert.values(
            sid=second,
            organization_id=organization_id,
            e164=text.e164 or "",
            from_e164=text.from_e164,
            body=text.body,
            sent_at=text.submitted_at or now,
            found_at=now,
            settled_at=now,
        ).on_conflict_do_update(
            index_elements=["sid"],
            set_={"settled_at": func.coalesce(StrayText.settled_at, now)},
        )
    )
    return text.e164


def evidence_of_the_unsent(organization_id: UUID, message_id: UUID, created_at: datetime) -> None:
    """Stop the organization: the carrier has a text the database says never left (I14)."""
    logger.critical("evidence for text %s, which was never handed over", message_id)
    since = min(created_at, clock.utcnow() - fence.LOOK_BACK)
    fence.trip(organization_id, FenceCause.UNSENT, since=since)


def account_refused(account_id: UUID, code: int | None, detail: str) -> None:
    """Stop an account that the carrier refuses as a whole; its texts wait (PROMISES 2.4)."""
    logger.error("account %s refused by the carrier: %s %s", account_id, code, detail)
    if code in SUSPENDED_CODES:
        what = "its campaign" if code == _CAMPAIGN_SUSPENDED else "it"
        hold_suspended(account_id, f"The carrier has suspended {what} ({code}).")
        return
    reason = "The carrier does not accept our credentials. Check them, then resume."
    hold_account(account_id, "account_inactive", reason)
    if _pause(account_id, reason):  # every stop is told once, the next one too
        dedupe = f"refused:{account_id}:{clock.utcnow().isoformat()}"
        _tell(account_id, "Sending is paused", reason, dedupe)


def list_unread(account_id: UUID) -> None:
    """Tell people, once a day, that texts in doubt can't be looked for (I2)."""
    account = accounts.account(account_id)
    if account is None:
        return
    _tell(
        account_id,
        "The carrier's records can't be read",
        "The carrier did not say whether some texts left, and its records can't be read to find "
        "out. They are never sent again by themselves. A day after they were handed over they are "
        "shown as not confirmed, and are not charged. Ask your administrator to look at the "
        "carrier account and its credentials.",
        f"list_unread:{account_id}:{clock.utcnow().date()}",
        also=[officer.id for officer in people.officers(account.organization_id)],
    )


def token_unreadable(organization_id: UUID) -> None:
    """Tell people, once a day, that nothing the carrier keeps can be read: the STOPs it heard."""
    logger.error("the carrier's token of organization %s can't be read", organization_id)
    _tell_once_a_day(
        organization_id,
        "token_unreadable",
        "The carrier account's token can't be read",
        "No key of this installation opens it. Until it is mended nothing leaves, and a STOP "
        "whose webhook was lost is not found in the carrier's list. An administrator puts back "
        "the key, or enters the token anew.",
    )


def lists_unread(organization_id: UUID) -> None:
    """Tell people, once a day, that what waits for the carrier's list goes on waiting (PROMISES 2.4)."""
    logger.error("the carrier's list of organization %s stays unread", organization_id)
    _tell_once_a_day(
        organization_id,
        "lists_unread",
        "The carrier's list can't be read to its end",
        "Until it can, a STOP whose webhook was lost is not found, and texts that wait for the "
        "list stay held. An administrator looks at the carrier account and its credentials: "
        "Look now on the page Go live tries them, and the log says what the carrier answered.",
    )


def _tell_once_a_day(organization_id: UUID, what: str, title: str, text: str) -> None:
    dedupe = f"{what}:{organization_id}:{clock.utcnow().date()}"
    fence.tell(organization_id, title, text, dedupe=dedupe, admin_url=_GO_LIVE)


def hold_suspended(account_id: UUID, reason: str) -> bool:
    """Keep the queue of an account that the carrier has suspended, and stop it; say if it sent."""
    account = accounts.account(account_id)
    if account is None:
        return False
    hold_account(account_id, "account_suspended", reason)
    return compliance.suspend(account, reason, actor=SYSTEM)


def hold_account(account_id: UUID, code: str, sentence: str) -> None:
    """Keep every queued text of an account until the cause is mended.

    The account first, as whoever closes it does (RULINGS 6).
    """
    account_service.lock_rows([account_id])
    outbox.hold(
        and_(Message.account_id == account_id, Message.state == State.QUEUED),
        code,
        sentence,
        until=None,
        cause="account",
    )


def _pause(account_id: UUID, reason: str) -> bool:
    """Say whether this stopped the account."""
    before = accounts.account(account_id)
    try:
        account_service.pause(account_id, reason=reason, actor=SYSTEM)
    except DomainError:
        logger.info("account %s is stopped already", account_id)
        return False
    return before is not None and before.state is AccountState.ACTIVE


def _tell(
    account_id: UUID, title: str, text: str, dedupe: str, *, also: Sequence[UUID] = ()
) -> None:
    account = accounts.account(account_id)
    if account is None:
        return
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account_id,
        user_ids=[*accounts.watchers(account), *also],
        kind="trouble",
        title=title,
        text=f"{account.name}: {text}",
        url=f"/accounts/{account_id}/settings",
        dedupe_key=dedupe,
    )
