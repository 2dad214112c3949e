"""Which texts belong together, how groups are found again, and from when one is flagged (H-2)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from portal.compliance.rules.similar import ALIKE_FROM, SOUGHT, Sketch, likeness

DAY: Final = timedelta(days=1)  # it rolls on with every text
REMEMBERED_FOR: Final = timedelta(days=30)  # what was flagged
KEYED: Final = 12  # hashes a group is found by
SHARED_AT_LEAST: Final = 2  # of them by a text like it; one alone is mostly chance
CROWDED: Final = 12  # groups under one hash: such words tell nothing, the next hash is taken
LOOKED_AT: Final = 12  # groups that share the most hashes with a text
FEWEST_NUMBERS: Final = 2
JUSTIFIED_BY: Final = 5  # words of a business justification, at least


@dataclass(frozen=True, slots=True)
class Threshold:
    """From how many numbers and texts of a day on a group is flagged; both must be reached."""

    numbers: int = 5
    texts: int = 10

    def is_reached(self, numbers: int, texts: int) -> bool:
        """Say whether so many texts from so many numbers are too many."""
        return numbers >= self.numbers and texts >= self.texts

    def is_near(self, numbers: int) -> bool:
        """Say whether one number more would reach it, or has."""
        return numbers >= max(FEWEST_NUMBERS, self.numbers - 1)


DEFAULT: Final = Threshold()


class Shelf:
    """Groups of one organization that some texts may belong to, found by shared hashes.

    It holds the groups under those texts' hashes alone, so it stays small however many there are.
    """

    def __init__(self, keyed: Iterable[tuple[int, UUID]]) -> None:
        """Take which group stands under which hash."""
        self._under: defaultdict[int, list[UUID]] = defaultdict(list)
        for key, group_id in keyed:
            self._under[key].append(group_id)
        self._sketches: dict[UUID, Sketch] = {}

    def candidates(self, sketch: Sketch) -> list[UUID]:
        """Return the groups a text may belong to, those that share the most hashes first."""
        under = self._under
        shared = Counter(
            group_id for key in sketch[:SOUGHT] if key in under for group_id in under[key]
        )
        return [
            group_id
            for group_id, count in shared.most_common(LOOKED_AT)
            if count >= SHARED_AT_LEAST
        ]

    def hold(self, sketches: Mapping[UUID, Sketch]) -> None:
        """Take what candidates look like; one that is not held is taken for unlike."""
        self._sketches.update(sketches)

    def find(self, sketch: Sketch) -> UUID | None:
        """Return the group a text is most like; None where it is like none."""
        best, found = 0.0, None
        for group_id in self.candidates(sketch):
            like = likeness(sketch, self._sketches.get(group_id, ()))
            if like >= ALIKE_FROM and like > best:
                best, found = like, group_id
        return found

    def add(self, sketch: Sketch) -> tuple[UUID, list[int]]:
        """Begin a group with a text; return its id and the hashes it is to be found by."""
        group_id = uuid4()
        sought = sketch[:SOUGHT]
        telling = [key for key in sought if len(self._under[key]) < CROWDED]
        keys = [*telling, *(key for key in sought if key not in telling)][:KEYED]
        for key in keys:
            self._under[key].append(group_id)
        self._sketches[group_id] = sketch
        return group_id, keys


def hour_of(at: datetime) -> datetime:
    """Return the hour a text is counted in."""
    return at.replace(minute=0, second=0, microsecond=0)


def first_hour(now: datetime) -> datetime:
    """Return the oldest hour that still belongs to the rolling day."""
    return hour_of(now - DAY)
