"""How proofs say no."""

from portal.core.errors import BadInput, DomainError


class NumbersRefused(BadInput):
    """A list of numbers is empty, too long or not readable."""

    status = 422
    code = "numbers_refused"


class BundleNotReady(DomainError):
    """The bundle is still being made, or was deleted after its time."""

    code = "bundle_not_ready"


class NotLogged(DomainError):
    """No signed checkpoint covers the record yet."""

    code = "not_logged"


class Erased(DomainError):
    """The personal data of the record was erased (C-10)."""

    code = "erased"


class NotCertified(DomainError):
    """Nobody asked for the certificate of this record yet."""

    code = "not_certified"
