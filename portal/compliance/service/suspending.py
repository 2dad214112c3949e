"""A suspension is learnt from the carrier or entered by an officer, and lifted with a reason (A-1)."""

from typing import Final

from portal.compliance.errors import NotSuspended
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.integrations.service import events
from portal.integrations.values import Event
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import CAUSE_LABELS, AccountRef, AccountState, Cause

_TITLE = "The carrier has suspended your account"
STILL_PAUSED: Final = "It was paused before that, and is paused again until somebody resumes it."


def suspend(account: AccountRef, reason: str, *, cause: Cause | None = None, actor: Actor) -> bool:
    """Stop an account that the carrier has suspended, and tell people and programs.

    False where it is suspended or closed already: every stop is told once, the next one too.
    """
    if accounts.get_or_404(account.tenant).state in (AccountState.SUSPENDED, AccountState.CLOSED):
        return False
    now = account_service.suspend(account.id, reason, actor, cause=cause)
    _post(now, "suspended", cause, reason)
    _tell(now, _TITLE, reason, f"suspended:{account.id}:{utcnow().isoformat()}")
    return True


def enter_suspension(account: AccountRef, cause: Cause, reason: str, *, actor: Actor) -> bool:
    """Keep what the carrier wrote to somebody: the suspension, or the reason of one that is known.

    Says whether this stopped the account. Raises WrongState for one that is closed.
    """
    said = f"{CAUSE_LABELS[cause]}. {reason.strip()}".strip()
    if suspend(account, said, cause=cause, actor=actor):
        return True
    account_service.explain_suspension(account.id, said, cause, actor=actor)
    _post(account, "suspended", cause, said)
    return False


def lift_suspension(account: AccountRef, note: str, *, actor: Actor) -> None:
    """Let the account send again, as the carrier said. Raises NotSuspended where it does.

    One that was paused when it was suspended is paused again, and people are told so (H-6).
    """
    if accounts.get_or_404(account.tenant).state is not AccountState.SUSPENDED:
        raise NotSuspended
    now = account_service.reinstate(account.id, note=note, actor=actor)
    _post(account, "lifted", None, note)
    _tell(
        account,
        "Your account's suspension is lifted",
        f"{'' if now.is_active else f'{STILL_PAUSED} '}{actor.label}: {note}",
        f"lifted:{account.id}:{utcnow().isoformat()}",
    )


def _post(account: AccountRef, state: str, cause: Cause | None, reason: str) -> None:
    events.tell(
        account.tenant,
        Event.SUSPENSION,
        {
            "account_id": str(account.id),
            "state": state,
            "cause": cause.value if cause else None,
            "reason": reason,
            "happened_at": events.written(utcnow()),
        },
    )


def _tell(account: AccountRef, title: str, text: str, dedupe: str) -> None:
    officers = [officer.id for officer in people.officers(account.organization_id)]
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[*accounts.watchers(account), *officers],
        kind="trouble",
        title=title,
        text=f"{account.name}: {text}",
        url=f"/accounts/{account.id}/restriction",
        dedupe_key=dedupe,
    )
