"""What it takes to speak to the carrier for one account."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CarrierCredentials:
    """One carrier account and its token; the token never shows in logs."""

    account_sid: str
    auth_token: str = field(repr=False)
