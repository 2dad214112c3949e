"""How a check of a page is refused."""

from portal.core.errors import BadInput, DomainError


class PageRefused(BadInput):
    """That address is none we read; the message says why and what to do."""

    status = 422
    code = "page_refused"


class TooManyChecks(DomainError):
    """The account has asked for as many checks as it may."""

    status = 429
    code = "too_many_checks"
