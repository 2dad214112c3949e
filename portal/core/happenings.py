"""What a slice says has happened, to slices above that it doesn't know.

Whoever listens does so inside the unit of work in which it happens: both stay, or neither does.
"""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Happening(Generic[P]):
    """One thing that happens; `foundation` says once for the process who listens."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def heard_by(self, listener: Callable[P, object]) -> None:
        """Have a slice above hear of it; saying so again changes nothing."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Say that it happened just now; what a listener raises undoes it."""
        for listener in self._listeners:
            listener(*args, **kwargs)
