"""How forwarding is refused; the messages are shown to people."""

from portal.core.errors import BadInput, DomainError


class PhoneRefused(BadInput):
    """Calls can't go to this phone; the message says why."""

    status = 422
    code = "phone_refused"


class WrongCode(BadInput):
    """That is not the code that was said, or it is too late."""

    status = 422
    code = "wrong_code"


class CannotForward(DomainError):
    """The number is not one that takes calls."""

    code = "cannot_forward"


class TooManyCodes(DomainError):
    """Codes were asked for too often."""

    status = 429
    code = "too_many_codes"
