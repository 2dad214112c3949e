"""The reason a person types for what they decide, as it stands in the log."""

from typing import Final

from portal.core.errors import BadInput

NEEDED: Final = "Give the reason in a few words: it stands in the log."
_LEAST_WORDS: Final = 2
_MOST: Final = 300  # characters that are kept


def is_reason(typed: str) -> bool:
    """Say whether what was typed says anything: one word is a shrug."""
    return len(typed.split()) >= _LEAST_WORDS


def reason_of(typed: str) -> str:
    """Return a reason as it is kept. Raises BadInput where there is none."""
    if not is_reason(typed):
        raise BadInput(NEEDED)
    return typed.strip()[:_MOST]
