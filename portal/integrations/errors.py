"""How integrations say no."""

from portal.core.errors import DomainError


class KeyLimit(DomainError):
    """An account has as many live keys, or endpoints, as it may."""

    code = "too_many"


class EndpointOff(DomainError):
    """Nothing is posted to an endpoint that is switched off."""

    code = "endpoint_off"


class SecretRenewed(DomainError):
    """Somebody renewed the secret of a webhook meanwhile."""

    code = "secret_renewed"


class KeyClosed(DomainError):
    """The key was revoked, or has run out."""

    status = 401
    code = "key_closed"
