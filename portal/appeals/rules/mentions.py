"""Whom a comment names: “@Vera Okafor”, as people write it (A-5)."""

import re
from collections.abc import Mapping
from uuid import UUID


def mentioned(text: str, names: Mapping[UUID, str]) -> set[UUID]:
    """Return those of these people whom a text names by an @ and their whole name.

    Case does not matter, nor how the words are parted. The longest name wins: “@Ana Lee-Ruiz” is
    not Ana Lee. Two people of one name are both named: better one told too many.
    """
    by_name: dict[str, set[UUID]] = {}
    for id_, name in names.items():
        if words := name.split():
            by_name.setdefault(" ".join(words).casefold(), set()).add(id_)
    if not by_name:
        return set()
    longest_first = sorted(by_name, key=len, reverse=True)
    ways = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
    found: set[UUID] = set()
    for hit in re.finditer(rf"(?<![\w@])@({ways})(?![\w-])", text.casefold()):
        found |= by_name[" ".join(hit.group(1).split())]
    return found
