"""The error family every slice extends (HOUSE 2.8)."""


class DomainError(Exception):
    """A rule said no; the message is safe to show to the person who asked."""

    status = 409
    code = "refused"

    def __init__(
        self, message: str, *, fix_url: str | None = None, fix_label: str | None = None
    ) -> None:
        """Say what is wrong and, where there is one, the way on."""
        super().__init__(message)
        self.message = message
        self.fix_url = fix_url
        self.fix_label = fix_label


class BadInput(DomainError):
    """What was sent has the wrong shape; the message names the field and the fix."""

    status = 400
    code = "bad_input"


class NotFound(DomainError):
    """The thing does not exist, or not for this tenant: both look the same."""

    status = 404
    code = "not_found"


class NotAllowed(DomainError):
    """The person is known but their role may not do this."""

    status = 403
    code = "not_allowed"


class WebhookRefused(DomainError):
    """A webhook that is not believed; it is answered in plain text, and nothing is done."""

    status = 403
    code = "webhook_refused"


class BadWebhook(WebhookRefused):
    """A webhook without the one meaning it must have; the message names the parameter."""

    status = 400
    code = "bad_webhook"


class GatewayError(Exception):
    """An outside service failed; never shown as it is."""


class GatewayRejected(GatewayError):
    """The carrier refused for good; `code` is its error code, None when it gave none."""

    def __init__(self, message: str, code: int | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class GatewayBusy(GatewayError):
    """The carrier certainly did nothing: asking again is safe."""


class GatewayUnclear(GatewayError):
    """The call may have gone through: never repeat it blindly."""
