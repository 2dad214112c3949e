"""Another account at the carrier, and moving a number out of it (N-2, FACTS 1.7, 1.8).

Every method raises GatewayRejected (refused, with its code), GatewayBusy (nothing was done)
or GatewayUnclear (it may have been done: look before asking again), and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import Capabilities, NumberHooks


@dataclass(frozen=True, slots=True)
class OldAccount:
    """An account at the carrier: a main account is its own owner."""

    sid: str
    owner_sid: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class TheirNumber:
    """A number as the account that has it knows it."""

    sid: str
    e164: str
    name: str
    capabilities: Capabilities
    origin: str = "twilio"  # or hosted
    address_requirements: str = "none"
    sms_url: str = ""
    sms_application_sid: str = ""
    sms_fallback_url: str = ""
    voice_url: str = ""
    voice_application_sid: str = ""
    voice_fallback_url: str = ""
    trunk_sid: str = ""
    status_callback: str = ""
    has_emergency_address: bool = False

    @property
    def hooks(self) -> NumberHooks:
        """Return where its texts and calls go."""
        return NumberHooks(
            self.sms_url,
            self.voice_url,
            self.status_callback,
            self.sms_application_sid or self.sms_fallback_url,
            self.trunk_sid or self.voice_application_sid or self.voice_fallback_url,
        )


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """A messaging service whose pool a number is in."""

    sid: str
    name: str
    has_campaign: bool


@dataclass(frozen=True, slots=True)
class OldText:
    """A text somebody sent to the number, as the log of an account keeps it."""

    sid: str
    from_number: str
    body: str
    at: datetime | None


class TransferGateway(Protocol):
    """A carrier at which numbers move between accounts."""

    def account(self, credentials: CarrierCredentials) -> OldAccount:
        """Return the account these credentials open."""

    def numbers(self, credentials: CarrierCredentials) -> list[TheirNumber]:
        """Return every number of the account, over all pages of the list."""

    def number(self, credentials: CarrierCredentials, number_sid: str) -> TheirNumber | None:
        """Return one number of the account; None where the account does not have it (now)."""

    def service_of(self, credentials: CarrierCredentials, number_sid: str) -> ServiceUse | None:
        """Return the messaging service the number is in, if it is in one."""

    def texts_to(
        self, credentials: CarrierCredentials, e164: str, since: datetime
    ) -> tuple[list[OldText], bool]:
        """Return texts to the number since then, newest first, and whether those are all."""

    def move(
        self,
        parent: CarrierCredentials,
        number_sid: str,
        *,
        source_sid: str,
        target_sid: str,
        name: str,
        hooks: NumberHooks,
    ) -> None:
        """Move a number between two accounts of one owner, whose credentials these are.

        Its texts and calls go to these hooks from the same moment on.
        """


_in_use: TransferGateway | None = None


def use(gateway: TransferGateway) -> None:
    """Say which gateway moves numbers; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> TransferGateway:
    """Return the gateway in use."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
