"""A case's own history and the audit log, told in one breath, and notices about it (A-5, M-4)."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid4

from portal.appeals import queries
from portal.appeals.models import AppealCase, AppealEvent
from portal.appeals.values import CaseRef, Happening, State
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import lock
from portal.notifications import service as notifications
from portal.texting_accounts.values import AccountRef

_VERBS: Final = {
    Happening.MOVED: "move",
    Happening.WRITTEN: "write",
    Happening.ATTACHED: "attach",
    Happening.REMOVED: "remove",
    Happening.ASSIGNED: "assign",
    Happening.STOPPED: "stop",
    Happening.GATHERED: "gather",
    Happening.COMMENT: "comment",
    Happening.MAILED: "mail",
    Happening.REPLIED: "reply",
    Happening.REMINDED: "remind",
    Happening.TICKET: "name_ticket",
    Happening.ERASED: "erase_number",
}
_SHOWN: Final = 200  # characters of what somebody wrote, where more of it stands elsewhere


def tell(
    case: CaseRef,
    kind: Happening,
    *,
    actor: Actor,
    text: str = "",
    state: State | None = None,
    part: int | None = None,
    line_id: UUID | None = None,
) -> None:
    """Add a line to a case's history and an entry to the audit log, in the change's transaction.

    `line_id` is for lines that others point to. The log says of a case what was done, never its words: those may name people.
    """
    lock(case.tenant, AppealCase, case.id)  # two writers number their lines one after the other
    db.session.add(
        AppealEvent(
            id=line_id or uuid4(),
            organization_id=case.organization_id,
            account_id=case.account_id,
            case_id=case.id,
            position=queries.last_position(case.id) + 1,
            at=clock.utcnow(),
            kind=kind,
            state=state,
            part=part,
            text=text,
            by_id=actor.id,
            by_name=actor.label[:200],
        )
    )
    db.session.flush()  # the next line counts on from this one
    audit.record(
        f"appeals:case:{_VERBS[kind]}",
        actor=actor,
        organization_id=case.organization_id,
        account_id=case.account_id,
        subject_id=case.id,
        **({"state": state.value} if state else {}),
        **({"part": part} if part else {}),
    )


def notify(
    case: CaseRef,
    account: AccountRef,
    users: Iterable[UUID],
    *,
    title: str,
    text: str,
    key: str,
    where: str = "",
) -> None:
    """Tell people about a case of this account, each once under a key; `where` follows its address."""
    notifications.notify(
        organization_id=case.organization_id,
        account_id=case.account_id,
        user_ids=users,
        kind="appeal",
        title=f"{title}: {account.name}",
        text=text,
        url=f"/accounts/{case.account_id}/appeals/{case.id}{where}",
        dedupe_key=key,
    )


def short(words: str) -> str:
    """Return the beginning of what somebody wrote, on one line."""
    line = " ".join(words.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
