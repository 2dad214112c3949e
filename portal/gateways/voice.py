"""Calling a phone to say something to it (N-8)."""

from dataclasses import dataclass, field
from typing import Protocol

from portal.gateways.credentials import CarrierCredentials


class VoiceGateway(Protocol):
    """A carrier that places calls."""

    def call(
        self, credentials: CarrierCredentials, *, to: str, from_number: str, twiml: str
    ) -> str:
        """Call a phone and do what the TwiML says; return the call's SID.

        Raises GatewayRejected, GatewayBusy (nobody is called) or GatewayUnclear (it may ring).
        """


@dataclass
class FakeVoiceGateway:
    """A carrier in memory; `failures` are raised in turn."""

    calls: list[tuple[str, str, str]] = field(default_factory=list)  # to, from, TwiML
    failures: list[Exception] = field(default_factory=list)

    def call(
        self, credentials: CarrierCredentials, *, to: str, from_number: str, twiml: str
    ) -> str:
        """Remember the call."""
        if self.failures:
            raise self.failures.pop(0)
        self.calls.append((to, from_number, twiml))
        return f"CA{len(self.calls):032x}"


_in_use: VoiceGateway | None = None


def use(gateway: VoiceGateway) -> None:
    """Say which gateway places calls; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> VoiceGateway:
    """Return the gateway in use."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
