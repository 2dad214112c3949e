"""Refusals of the registrations slice; their messages are shown to people."""

from portal.core.errors import DomainError
from portal.registrations.values import Problem


class NotReady(DomainError):
    """Something keeps the registration from being sent in; `problems` name it all."""

    code = "not_ready"

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        """Carry every problem, each with its field."""
        super().__init__(message)
        self.problems = problems


class NoNumberYet(DomainError):
    """The organization has no account at the carrier yet: it comes with the first number."""

    code = "no_number_yet"


class AtTheCarrier(DomainError):
    """The registration is with the carrier, so it can't be changed now."""

    code = "at_the_carrier"


class EditedMeanwhile(DomainError):
    """Somebody else saved the draft since this page was opened."""

    code = "edited_meanwhile"


class NotTollFree(DomainError):
    """The number is no toll-free number in use."""

    code = "not_toll_free"
