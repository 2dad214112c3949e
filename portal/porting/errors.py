"""Refusals of the porting slice; their messages are shown to people."""

from portal.core.errors import DomainError
from portal.porting.values import Problem


class NotPortable(DomainError):
    """The number can't be brought over; the message says why."""

    code = "not_portable"


class BroughtAlready(DomainError):
    """Another account of the organization is bringing the number over already."""

    code = "brought_already"


class NotReady(DomainError):
    """Something keeps the request from being sent in; `problems` name it all."""

    code = "not_ready"

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        """Carry every problem, each with its field."""
        super().__init__(message)
        self.problems = problems


class NotSigned(DomainError):
    """The letter of authorization is not signed by whom it names."""

    code = "not_signed"


class Underway(DomainError):
    """The request is with the carriers, or over, so this can't be changed now."""

    code = "underway"


class EditedMeanwhile(DomainError):
    """Somebody else saved the draft since this page was opened."""

    code = "edited_meanwhile"


class BillRefused(DomainError):
    """The file is no bill we take; the message says what would do."""

    status = 422
    code = "bill_refused"
