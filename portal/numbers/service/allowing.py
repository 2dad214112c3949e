"""Whether an account may change its numbers at all (B-1, N-7)."""

from collections.abc import Callable

from portal.billing import queries as billing
from portal.core.errors import DomainError
from portal.core.steps import Trouble
from portal.numbers import rules
from portal.numbers.errors import AccountRestricted, SubscriptionNeeded
from portal.texting_accounts.values import AccountRef, AccountState


def check_allowed(account: AccountRef) -> None:
    """Raise SubscriptionNeeded without a subscription, AccountRestricted under a restriction."""
    if not billing.has_active_subscription(account.id):
        raise SubscriptionNeeded(
            rules.NO_SUBSCRIPTION,
            fix_url=f"/accounts/{account.id}/marketplace",
            fix_label="Open the marketplace",
        )
    check_unrestricted(account)


def check_unrestricted(account: AccountRef) -> None:
    """Raise AccountRestricted under a restriction: no number is bought or recycled then (N-7)."""
    if is_restricted(account):
        reason = f" ({account.state_reason.rstrip('.')})" if account.state_reason else ""
        raise AccountRestricted(
            f"This account is {account.state_label.lower()}{reason}, "
            "so its numbers can't change until that is lifted.",
            fix_url=way_on(account),
            fix_label="Open the appeal" if is_suspended(account) else "See the restriction",
        )


def stop_of(
    account: AccountRef, check: Callable[[AccountRef], None] = check_allowed
) -> DomainError | None:
    """Return why an account's numbers may not change, with the way on; None: they may.

    Pages name it before anybody presses a button (B-1, N-7).
    """
    try:
        check(account)
    except DomainError as stop:
        return stop
    return None


def way_past(account: AccountRef, trouble: Trouble | None) -> tuple[str | None, str | None]:
    """Return the way to what stops an account, and its label, where that is the trouble."""
    stop = stop_of(account)
    if stop is None or trouble is None or trouble.sentence != stop.message[:500]:
        return None, None
    return stop.fix_url, stop.fix_label


def way_on(account: AccountRef) -> str:
    """Return where something is done about a restriction: the appeal of a suspension (N-7)."""
    page = "appeals" if is_suspended(account) else "restriction#sending-state"
    return f"/accounts/{account.id}/{page}"


def is_suspended(account: AccountRef) -> bool:
    """Say whether the carrier stopped an account, which is what can be appealed."""
    return account.state is AccountState.SUSPENDED


def is_restricted(account: AccountRef) -> bool:
    """Say whether an account is stopped, so that its numbers stay as they are (N-7)."""
    return account.state in (AccountState.SUSPENDED, AccountState.CLOSED)
