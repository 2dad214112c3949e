"""How schedules say no."""

from portal.core.errors import DomainError


class ReadersRefused(DomainError):
    """Somebody named can't get the report; the message says who and why."""

    status = 422
    code = "readers_refused"


class TooMany(DomainError):
    """The person has as many as there may be."""

    code = "too_many"
