"""What this slice tells of: a module of its own, as who listens needs no more of the slice (G12)."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from portal.core.happenings import Happening

# Sessions that somebody is about to end, by id; and the person where all of theirs end. Not those
# that are over by time.
ENDING: Final[Happening[[UUID | None, Sequence[UUID]]]] = Happening()
