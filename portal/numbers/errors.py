"""Refusals of the numbers slice; their messages are shown to people."""

from portal.core.errors import DomainError
from portal.core.steps import Trouble


class SubscriptionNeeded(DomainError):
    """The account has no active subscription (B-1)."""

    code = "subscription_needed"


class AccountRestricted(DomainError):
    """The account is suspended or closed, so numbers may not change (N-7)."""

    code = "account_restricted"


class NumberTaken(DomainError):
    """Somebody here holds the number already, or is buying it."""

    code = "number_taken"


class NotBuying(DomainError):
    """The number's purchase is not something to go on with."""

    code = "not_buying"


class NotConfirmed(DomainError):
    """What was typed is not the number that would be given back (N-4)."""

    code = "not_confirmed"


class NotLeaving(DomainError):
    """The number is not in use, or its giving back has begun: too late to change that."""

    code = "not_leaving"


class CarrierTrouble(DomainError):
    """The carrier refused or did not answer; the message is N-6's."""

    status = 502
    code = "carrier_trouble"

    def __init__(self, trouble: Trouble) -> None:
        """Carry the whole trouble, so that the page can show its cause."""
        super().__init__(trouble.sentence)
        self.trouble = trouble


class SetUpRunning(DomainError):
    """Somebody of the organization is opening its carrier account right now."""

    code = "set_up_running"
