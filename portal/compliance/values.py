"""What other slices may hold of the rules of hours."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class RuleUsed:
    """The dated rule behind a gate or a text, and how it was found (P-3, S-2, M-5)."""

    name: str  # of the state
    hours: str  # of that day, such as 08:00-20:00; of a cap, what it allows
    citation: str
    verified: str  # how far the citation was checked
    place: str  # how the state was found
    zones: tuple[str, ...]
    since: date | None  # the day the law began, where known
    is_own: bool  # an organization tightened it
    is_cap: bool = False  # it says how many texts a person may get, not when
