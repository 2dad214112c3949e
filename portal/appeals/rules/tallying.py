"""What was found for the named numbers, as it is kept beside them (A-3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from portal.appeals.rules.proving import NumberProof
from portal.appeals.values import Tally

SHOWN: Final = 50  # of those without proof; all stand in the CSV and in what goes to the carrier


def tally(found: Sequence[NumberProof], at: datetime) -> Tally:
    """Return how many have proof, and the first of those that have none."""
    lacking = [one for one in found if not one.is_proven]
    first = tuple((one.e164 or one.written, one.why) for one in lacking[:SHOWN])
    return Tally(at, len(found) - len(lacking), len(lacking), first)


def as_json(kept: Tally) -> dict[str, Any]:
    """Return a tally as it lies in the database."""
    return {
        "at": kept.at.isoformat(),
        "proven": kept.proven,
        "lacking": kept.lacking,
        "first": [list(one) for one in kept.first],
    }


def read(told: Mapping[str, Any] | None) -> Tally | None:
    """Return a tally from the database."""
    if told is None:
        return None
    first = tuple((number, why) for number, why in told["first"])
    return Tally(datetime.fromisoformat(told["at"]), told["proven"], told["lacking"], first)
