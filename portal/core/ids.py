"""Ids that grow with time: rows made together lie together in every index that begins with one (G9).

By random ids a batch of 500 contacts touches some thousand pages of a large address book, and each
of them is written at its commit. These are UUIDs of version 7 (RFC 9562): 48 bits of time, 74 of chance.
"""

import os
from typing import Final
from uuid import UUID

from portal.core.clock import utcnow

_VERSION_AND_VARIANT: Final = 7 << 76 | 2 << 62
_CHANCE: Final = (1 << 76) - 1 & ~(3 << 62)  # but the variant


def growing_id() -> UUID:
    """Return a new id, greater than those of milliseconds gone by."""
    at = int(utcnow().timestamp() * 1_000)
    chance = int.from_bytes(os.urandom(10), "big") & _CHANCE
    return UUID(int=at << 80 | chance | _VERSION_AND_VARIANT)
