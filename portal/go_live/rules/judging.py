"""What the checks have in common."""

from typing import Final

from portal.go_live.values import Standing

NOT_LOOKED: Final = "Nobody has looked yet."
LOOK: Final = "Look now: it takes a few seconds."
RESTART: Final = "start all processes anew"


def by_operation(*, is_sandbox: bool) -> Standing:
    """Return how grave is what the sandbox may do without, and real operation may not."""
    return Standing.TODO if is_sandbox else Standing.FAILING
