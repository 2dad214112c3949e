"""Reasons in words that several places say alike."""

from typing import Final

from portal.consent.values import METHOD_WORDS, NOT_VALID_METHODS, Method

RECORDING_NOTE: Final = "Recording note:"  # what stands before it among the details


def not_valid_reason(method: Method) -> str:
    """Return why a record is no valid consent (C-7)."""
    if method in NOT_VALID_METHODS:
        said = METHOD_WORDS[method]
        article = "" if method is Method.PUBLIC_RECORDS else "a "
        return f"This number came from {article}{said.lower()}."
    return "The person did not tick the box of the form."
