"""The gate of a send's price: all of it goes, or nothing (PROMISES 3.2)."""

from dataclasses import dataclass
from typing import Final

from portal.core.formats import plural
from portal.messaging.values import Fate, Gate

CREDITS: Final = "credits"
SHARE: Final = "member_cap"
CODES: Final = (CREDITS, SHARE)
FIX: Final = ("billing.marketplace", "Buy credits")
SHARE_FIX: Final = ("texting_accounts.settings", "See who works in the account")
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


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part of a shared account's credits this month (SPEC 1)."""

    cap: int
    used: int

    @property
    def left(self) -> int:
        """Return how many credits they may still use; a cap that was lowered leaves none."""
        return max(0, self.cap - self.used)

    def gate(self, needed: int) -> Gate | None:
        """Stop a send that costs more than is left of it."""
        if needed <= self.left:
            return None
        return Gate(
            SHARE,
            f"This send needs {plural(needed, 'credit')}, and of your {self.cap:,} a month in this "
            f"account {self.left:,} {'is' if self.left == 1 else 'are'} left. A team lead can raise "
            "your cap; a new month begins on the 1st.",
            fix_endpoint=SHARE_FIX[0],
            fix_label=SHARE_FIX[1],
        )
