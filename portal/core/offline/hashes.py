"""The hashes of RFC 9162, section 2.1, and the proofs over them."""

import hashlib
import json
from collections.abc import Sequence

GENESIS = "0" * 64

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str
).encode


def canonical(value: object) -> str:
    """Return value as JSON in the one form that is hashed: keys sorted, no spaces, ASCII."""
    return _encode(value)


def leaf_hash(entry_hash: str) -> bytes:
    """Return the leaf of an entry: SHA-256 over a zero byte and the entry's hash."""
    return hashlib.sha256(b"\x00" + bytes.fromhex(entry_hash)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees: SHA-256 over a one byte and both."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to go on and to tell the root, log n hashes."""

    def __init__(self) -> None:
        """Begin with an empty tree."""
        self.size = 0
        self._peaks: list[bytes] = []  # one for each set bit of size, the largest first

    def append(self, leaf: bytes) -> None:
        """Add a leaf."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> str:
        """Return the root over all leaves so far, as hex."""
        return fold(self._peaks).hex()


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the hash over subtrees that stand side by side, the largest first."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    total = peaks[-1]
    for peak in reversed(peaks[:-1]):
        total = node_hash(peak, total)
    return total


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion proof leads to, or None when it has the wrong length.

    RFC 9162, 2.1.3.2; `index` counts from 0.
    """
    if not 0 <= index < size:
        return None
    here, last, total = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if here & 1 or here == last:
            total = node_hash(step, total)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            total = node_hash(total, step)
        here, last = here >> 1, last >> 1
    return total if last == 0 else None


def is_consistent(
    older: int, newer: int, older_root: bytes, newer_root: bytes, path: Sequence[bytes]
) -> bool:
    """Say whether a tree of `newer` leaves begins with that of `older` (RFC 9162, 2.1.4.2)."""
    if older > newer or older < 0:
        return False
    if older == newer:
        return not path and older_root == newer_root
    if older == 0:
        return not path
    steps = [older_root, *path] if older & (older - 1) == 0 else list(path)
    if not steps:
        return False
    here, last = older - 1, newer - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, step)
        here, last = here >> 1, last >> 1
    return last == 0 and first == older_root and second == newer_root
