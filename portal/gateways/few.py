"""A few look-ups at once, and none for a while after one that failed (RULINGS 17).

For threads that are needed elsewhere: a carrier that does not answer must not hold them all.
"""

from collections.abc import Callable
from threading import BoundedSemaphore
from time import monotonic
from typing import TypeVar

from portal.core.errors import GatewayBusy

T = TypeVar("T")


class FewAtOnce:
    """Lets so many of a process's threads look something up at the same time."""

    def __init__(
        self, places: int, *, pause_s: float, now: Callable[[], float] = monotonic
    ) -> None:
        """After a failure nobody looks for `pause_s` seconds of the clock `now`."""
        self._places = BoundedSemaphore(places)
        self._pause_s = pause_s
        self._now = now
        self._quiet_until = float("-inf")

    def look(self, look: Callable[[], T]) -> T:
        """Return what a look brings, without waiting for a place.

        Raises GatewayBusy: from the look, or there is no place, or a look failed just now.
        """
        if self._now() < self._quiet_until:
            raise GatewayBusy("the outside service failed just now")
        if not self._places.acquire(blocking=False):
            raise GatewayBusy("others are waiting for the outside service already")
        try:
            return look()
        except GatewayBusy:
            self._quiet_until = self._now() + self._pause_s
            raise
        finally:
            self._places.release()
