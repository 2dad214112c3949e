"""Words as they come from outside, made fit for a text column."""

import re
from typing import Final

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")  # NUL, and half a surrogate pair


def storable(words: str) -> str:
    """Return words with a replacement character for each one that no database takes."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", words)
