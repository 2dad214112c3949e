"""The gate of a send's price: all of it goes, or nothing (PROMISES 3.2)."""

from typing import Final

from portal.core.formats import plural
from portal.messaging.values import Fate, Gate

CREDITS: Final = "credits"
FIX: Final = ("billing.marketplace", "Buy credits")
SHORT: Final = Gate(  # of a plan's text, which nobody waits for
    CREDITS, "There are not enough credits for it yet.", Fate.HELD, *FIX
)


def credits_enough(needed: int, available: int) -> Gate | None:
    """Stop a send that costs more than is left."""
    if needed <= available:
        return None
    return Gate(
        CREDITS,
        f"This send needs {plural(needed, 'credit')} and {max(0, available):,} "
        f"{'is' if available == 1 else 'are'} left.",
        fix_endpoint=FIX[0],
        fix_label=FIX[1],
    )
