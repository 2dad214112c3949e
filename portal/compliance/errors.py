"""What the rules of compliance refuse."""

from portal.core.errors import BadInput, DomainError


class LooserThanLaw(BadInput):
    """An edit of the policy would allow what the law does not (RULINGS 4)."""

    status = 422
    code = "looser_than_law"


class NeverOpen(BadInput):
    """A tightened policy leaves a person no time within a year; the text waits (SPEC S-11)."""

    status = 422
    code = "never_open"


class TooEarly(BadInput):
    """An edit of the hours is to hold from a day that has passed."""

    status = 422
    code = "too_early"


class NotSuspended(DomainError):
    """Somebody else lifted the suspension, or the account was closed."""

    code = "not_suspended"

    def __init__(self) -> None:
        """Say so in the words of a page."""
        super().__init__("This account is not suspended any more.")


class BadThreshold(BadInput):
    """A threshold lies beyond what an organization may set (H-7); `field` says which."""

    status = 422
    code = "bad_threshold"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
