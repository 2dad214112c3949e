"""Refusals of the transfers slice; their messages are shown to people."""

from portal.core.errors import DomainError


class NotNow(DomainError):
    """The transfer is not at a place where this can be done."""

    code = "not_now"


class CannotMove(DomainError):
    """Something about the number keeps it from being moved."""

    code = "cannot_move"


class TransferOpen(DomainError):
    """Another transfer of this account is open, or the number is brought over by somebody else."""

    code = "transfer_open"
