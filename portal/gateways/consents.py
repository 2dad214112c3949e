"""Telling a carrier who opted out and who opted in again, in bulk (Q-8, facts 1.12).

Telling the same again changes nothing at the carrier, so every failed call may be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from portal.gateways.credentials import CarrierCredentials

MOST_ITEMS: Final = 25  # in one call


class ConsentChannel(StrEnum):
    """By which way a person said it, in the carrier's words."""

    WEBSITE = "website"
    OFFLINE = "offline"
    OPT_IN_MESSAGE = "opt-in-message"
    OPT_OUT_MESSAGE = "opt-out-message"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class ConsentItem:
    """What one person said to one sender: a number, or a messaging service."""

    correlation_id: str  # 32 characters; ties the answer to the item
    person: str
    sender: str
    is_out: bool
    channel: ConsentChannel
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What the carrier said to one item: taken, or why not."""

    correlation_id: str
    code: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def is_taken(self) -> bool:
        """Say whether the carrier keeps it now."""
        return self.code == 0


class ConsentGateway(Protocol):
    """A carrier that keeps opt-outs of its own."""

    def tell(
        self, credentials: CarrierCredentials, items: Sequence[ConsentItem]
    ) -> list[ConsentAnswer]:
        """Tell of at most 25 consents. Raises GatewayError; telling again is always safe."""


@dataclass
class FakeConsentGateway:
    """A carrier in memory: who is blocked where, and what was told."""

    blocked: set[tuple[str, str]] = field(default_factory=set)  # (sender, person)
    told: list[ConsentItem] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)  # raised by the next calls
    refused: dict[str, tuple[str, ...]] = field(default_factory=dict)  # reasons by person

    def tell(
        self,
        credentials: CarrierCredentials,
        items: Sequence[ConsentItem],
    ) -> list[ConsentAnswer]:
        """Keep what is told, or fail as arranged."""
        assert 0 < len(items) <= MOST_ITEMS
        if self.failures:
            raise self.failures.pop(0)
        answers = []
        for item in items:
            self.told.append(item)
            if reasons := self.refused.get(item.person):
                answers.append(ConsentAnswer(item.correlation_id, 30646, reasons))
                continue
            change = self.blocked.add if item.is_out else self.blocked.discard
            change((item.sender, item.person))
            answers.append(ConsentAnswer(item.correlation_id))
        return answers


_in_use: ConsentGateway | None = None


def use(gateway: ConsentGateway | None) -> None:
    """Say who tells the carrier; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> ConsentGateway:
    """Return who tells the carrier. Never a fake by default: an opt-out must not vanish."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
