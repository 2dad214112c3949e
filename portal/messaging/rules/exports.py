"""Texts as rows of a file: every text of some days, out and in (M-3)."""

from typing import Final

HEAD: Final = (
    "Direction", "Date and time", "Person", "Number", "Our number", "Text", "Parts",
    "Segments", "Credits", "State", "Error code", "Reason", "Campaign", "Sent by", "Keyword",
)  # fmt: skip
