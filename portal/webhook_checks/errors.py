"""How a test call is refused."""

from portal.core.errors import DomainError


class NothingToSignWith(DomainError):
    """The organization has no account at the carrier yet, so nothing signs its webhooks."""

    code = "nothing_to_sign_with"


class CheckRunning(DomainError):
    """A test call is under way."""

    code = "check_running"
