"""What can be refused when somebody leaves."""

from uuid import UUID

from portal.core.errors import DomainError


class CannotLeave(DomainError):
    """Whoever asks can't off-board the person; the message says what to do instead."""

    code = "cannot_leave"


class ChangedSince(DomainError):
    """What the person holds, or who may get it, is not what the summary showed."""

    code = "changed_since"


class NotTyped(DomainError):
    """The name of an account that is to be closed was not typed."""

    status = 422
    code = "name_not_typed"

    def __init__(self, account_id: UUID, message: str) -> None:
        """Say which account it is about."""
        super().__init__(message)
        self.account_id = account_id
