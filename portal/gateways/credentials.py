"""What it takes to speak to the carrier for one account."""

from dataclasses import dataclass, field

from portal.core.settings import settings


@dataclass(frozen=True, slots=True)
class CarrierCredentials:
    """One carrier account and its token; the token never shows in logs."""

    account_sid: str
    auth_token: str = field(repr=False)


def of_installation() -> CarrierCredentials:
    """Return the account of the installation itself, which the organizations' own hang under."""
    return CarrierCredentials(settings().twilio_account_sid, settings().twilio_auth_token)
