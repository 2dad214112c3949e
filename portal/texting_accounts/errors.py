"""What can be refused about texting accounts."""

from portal.core.errors import DomainError


class AccountClosed(DomainError):
    """A closed account does not change any more."""

    code = "account_closed"

    def __init__(self) -> None:
        """Say so in the words of a page."""
        super().__init__("This account is closed and does not change any more.")


class WrongState(DomainError):
    """The account is not in a state that allows this step."""

    code = "wrong_state"


class NoteMissing(DomainError):
    """A change of limits needs a note (S-5)."""

    status = 422
    code = "note_missing"


class GivenMeanwhile(DomainError):
    """The account has another owner than the page showed."""

    code = "given_meanwhile"

    def __init__(self, name: str) -> None:
        """Say which account it is."""
        super().__init__(f"{name} was given to somebody else meanwhile. Look at it again.")
