"""The walk through an import: its four steps, its page marks, the answer it waits for (K-1, K-7)."""

from typing import Any

from portal.core.errors import BadInput

STEPS = (
    ("upload", "Choose a file"),
    ("columns", "Match columns"),
    ("check", "Check"),
    ("result", "Done"),
)
RUNS_UNSEEN = (
    "Look at the numbers that follow each other. Tick this if these people gave you their "
    "numbers themselves; otherwise do not import them."
)


def steps(current: str) -> list[dict[str, Any]]:
    """Return the steps with their state, as the steps component shows them."""
    at = [name for name, _ in STEPS].index(current)
    return [
        {
            "label": label,
            "state": "done" if i < at else "current" if i == at else "todo",
            "url": None,
        }
        for i, (_, label) in enumerate(STEPS)
    ]


def page_mark(text: str) -> tuple[int, int]:
    """Return line and position after which a page of findings begins. Raises BadInput."""
    line, _, position = text.partition(".")
    if not text:
        return 0, -1
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (line, position)):
        raise BadInput("after: this page mark is damaged. Start from the first page.")
    return int(line), int(position)
