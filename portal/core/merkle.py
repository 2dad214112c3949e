"""Proofs over a Merkle tree, made (RFC 9162, section 2.1). They are checked in `core.offline`.

Pure: a tree is whatever gives the hash of a whole subtree.
"""

from collections.abc import Callable

from portal.core.offline.hashes import fold

Subtree = Callable[[int, int], bytes]  # level, place: the hash over 2**level leaves


def root(subtree: Subtree, size: int) -> bytes:
    """Return the root of the first `size` leaves."""
    return _range(subtree, 0, size)


def inclusion(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """Return the path from the leaf at index (from 0) to the root. Raises ValueError outside."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    path: list[bytes] = []
    start = 0
    while size > 1:
        half = _half(size)
        if index - start < half:
            path.append(_range(subtree, start + half, size - half))
            size = half
        else:
            path.append(_range(subtree, start, half))
            start, size = start + half, size - half
    return path[::-1]


def consistency(subtree: Subtree, older: int, newer: int) -> list[bytes]:
    """Return the proof that a tree begins with an older one. Raises ValueError if it can't."""
    if not 0 < older <= newer:
        raise ValueError(f"a tree of {newer} leaves does not follow one of {older}")
    path: list[bytes] = []
    start, size, is_whole = 0, newer, True
    while older != size:
        half = _half(size)
        if older <= half:
            path.append(_range(subtree, start + half, size - half))
            size = half
        else:
            path.append(_range(subtree, start, half))
            start, size, older, is_whole = start + half, size - half, older - half, False
    if not is_whole:
        path.append(_range(subtree, start, size))
    return path[::-1]


def _half(size: int) -> int:
    """Return the largest power of two below size."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(subtree: Subtree, start: int, size: int) -> bytes:
    """Return the hash over leaves from start on; start is a multiple of the first peak's size."""
    peaks: list[bytes] = []
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            peaks.append(subtree(level, start >> level))
            start += 1 << level
    return fold(peaks)
