"""One pass over a chain, held against every checkpoint there is of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .entries import Entry, why_entry_fails
from .hashes import GENESIS, Frontier, leaf_hash
from .notes import RESTORE, Note, Verify, why_note_fails


@dataclass(frozen=True, slots=True)
class Fault:
    """The first bad entry of a chain and what is wrong with it."""

    chain: str
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a chain holds, and against how many checkpoints it was held."""

    chain: str
    entries: int
    head: str
    checkpoints: int
    superseded: int  # checkpoints of entries that a restored backup lost, as a signed note says
    fault: Fault | None


def check_chain(
    chain: str,
    entries: Iterable[Entry],
    notes: Sequence[Note],
    keys: Mapping[str, bytes],
    verify: Verify,
) -> Verdict:
    """Follow a chain from its beginning and hold it against the notes, in the order they came.

    Every entry, the links between them, the signature of every note and the tree at the size
    of every note are looked at. The tree is built from the entries themselves, so that all
    notes agree with each other when each agrees with it.
    """
    binding, superseded = standing(notes)
    walk = _Walk(chain, binding)
    fault = _bad_note(chain, notes, keys, verify) or walk.follow(entries)
    return Verdict(chain, walk.position, walk.head, len(binding), superseded, fault)


class _Walk:
    """How far a chain was followed, and what is still to be met."""

    def __init__(self, chain: str, notes: Sequence[Note]) -> None:
        self.position, self.head = 0, GENESIS
        self._chain, self._tree = chain, Frontier()
        self._wanted: dict[int, list[Note]] = {}
        for note in notes:
            self._wanted.setdefault(note.size, []).append(note)
        self._last = max(self._wanted, default=0)

    def follow(self, entries: Iterable[Entry]) -> Fault | None:
        """Go through the entries and stop at the first that is bad."""
        if fault := self._met(0, GENESIS):
            return fault
        for entry in entries:
            place = self.position + 1
            if wrong := why_entry_fails(self._chain, entry, place, self.head):
                return Fault(self._chain, place, wrong)
            if place <= self._last:  # nothing is signed of what comes after
                self._tree.append(leaf_hash(entry.hash))
                if place in self._wanted and (fault := self._met(place, entry.hash)):
                    return fault
            self.position, self.head = place, entry.hash
        if self._wanted:
            reason = f"entries are missing at the end: a checkpoint covers {self._last} of them"
            return Fault(self._chain, self.position + 1, reason)
        return None

    def _met(self, size: int, head: str) -> Fault | None:
        """Return what a note of this size says otherwise than the entries do."""
        for note in self._wanted.pop(size, ()):
            if (note.root, note.head) != (self._tree.root(), head):
                reason = f"the log is not the one of the checkpoint of {note.time}"
                return Fault(self._chain, max(size, 1), reason)
        return None


def _bad_note(
    chain: str, notes: Iterable[Note], keys: Mapping[str, bytes], verify: Verify
) -> Fault | None:
    for note in notes:
        wrong = why_note_fails(note, keys, verify)
        if note.chain != chain:
            wrong = "is of another chain"
        if wrong:
            return Fault(chain, note.size, f"the checkpoint of {note.time} {wrong}")
    return None


def standing(notes: Sequence[Note]) -> tuple[list[Note], int]:
    """Return the notes that bind the chain as it is, and how many a restore has overtaken."""
    binding: list[Note] = []
    superseded = 0
    for note in notes:
        if note.kind == RESTORE:
            kept = [each for each in binding if each.size <= note.size]
            superseded += len(binding) - len(kept)
            binding = kept
        binding.append(note)
    return binding, superseded
