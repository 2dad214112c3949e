"""Leading a number's texts and calls here, at the carrier."""

from typing import Protocol

from portal.core.settings import settings
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import NumberGateway, NumberHooks
from portal.numbers import rules


class Pointed(Protocol):
    """A number as the carrier has it."""

    @property
    def sid(self) -> str:
        """Return the carrier's name for it."""

    @property
    def name(self) -> str:
        """Return what it is called there."""

    @property
    def hooks(self) -> NumberHooks:
        """Return where its texts and calls lead."""


def our_hooks() -> NumberHooks:
    """Return where the texts and calls of our numbers lead."""
    return rules.hooks(settings().public_url)


def point_here(
    gateway: NumberGateway, credentials: CarrierCredentials, number: Pointed, *, name: str
) -> None:
    """Lead a number's texts and calls here and name it, unless that is so. Raises GatewayError."""
    if number.hooks != our_hooks() or number.name != name:
        gateway.set_webhooks(credentials, number.sid, name=name, hooks=our_hooks())
