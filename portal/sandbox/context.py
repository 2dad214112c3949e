"""What every request of the sandbox works with."""

import sqlite3
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app, g

from portal.sandbox.config import SandboxConfig
from portal.sandbox.knobs import Knobs
from portal.sandbox.store import Store


class Courier(Protocol):
    """Carries webhooks to the portal in the background."""

    def ring(self) -> None:
        """Say that there is something to carry."""

    def flush(self, timeout: float = 30.0) -> dict[str, int]:
        """Do all that is pending now and return once it is done."""

    def wait_for(self, message_sid: str, timeout: float) -> None:
        """Return once the webhooks of one text are done, or time is up."""

    def stop(self) -> None:
        """End the threads."""


@dataclass(frozen=True)
class Carrier:
    """The parts of one sandbox."""

    config: SandboxConfig
    store: Store
    knobs: Knobs
    courier: Courier


def carrier() -> Carrier:
    """Return the sandbox that serves this request."""
    return cast("Carrier", current_app.extensions["carrier"])


def caller() -> sqlite3.Row:
    """Return the account whose credentials came with this request."""
    return cast("sqlite3.Row", g.caller)
