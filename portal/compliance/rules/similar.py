"""Whether two texts say nearly the same, whoever they are filled in for (SPEC H-2; CTIA 5.5).

A text is brought to its telling words: merge fields, names, numbers, links, dates, greetings and
the way to opt out are left out. Its words and pairs of neighbours are hashed, and the smallest
hashes are its sketch (bottom-k MinHash, Broder 1997), by which likeness is measured and others
like it are found. Nothing of the text can be read back from it.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise
from typing import Final

from portal.compliance.rules import lint_links
from portal.compliance.rules.lint_text import letters, listed, plain, spoken

Sketch = tuple[int, ...]  # distinct hashes of 32 bits, smallest first; empty: too little to judge

KEPT: Final = 64  # hashes of a sketch; a text of up to two segments has fewer, so nothing is lost
SOUGHT: Final = 24  # of the smallest hashes, by which texts that may be alike are found
FEWEST_WORDS: Final = 5  # telling ones: with fewer, ordinary talk is alike by chance
ALIKE_FROM: Final = 0.42  # of all words and pairs of both
_WIDTH: Final = 4  # bytes a hash

_COMMON: Final = listed("common_words")
_VARIABLE: Final = listed("variable_words")
_field: Final = re.compile(r"\{[^{}]{0,80}\}")
_word: Final = re.compile(r"[^\W_]+")
_greeting: Final = re.compile(
    r"^\W*(?:hi|hey|hello|hiya|dear|hola|buenas|buenos dias|good (?:morning|afternoon|evening))"
    r"(?: there)?(?: [^\W\d_]+){0,3}?\s*[,!.:;\n-]"
)
_introduction: Final = re.compile(
    r"\b(?:its|this is|i am|im|my name is|soy|habla|le escribe|te escribe)"
    r"((?: [^\W\d_]+){1,3}) (?:with|at|from|of|de|con|here)((?: [^\W\d_]+){1,3})"
)
_signature: Final = re.compile(r"(?:[~|\n]|[\s.!?,][-–—])\s?[^\W\d_]+(?:,? [^\W\d_]+){0,4}\W*$")
_may_link: Final = re.compile(r"\S[.。/\\]\S|\bdot\b|[\])}]")
_way_out: Final = re.compile(
    r"(?:(?:reply|text|txt|send|respond|type|answer|responda|responde|envie|envia|mande|conteste)"
    r"(?: back)?(?: with| us| the word| la palabra| con)?:? )?\W?"
    r"(?:stop(?: ?all)?|unsubscribe)\W{0,2}(?: (?:to|2|para|at any time|anytime))?"
    r"(?: (?:opt|be|no|dejar de|ser))?"
    r"(?: ?(?:out|end|quit|unsubscribe|cancel|stop|removed?|salir|recibir mas|cancelar|texts?|"
    r"msgs?|messages|mensajes))*"
    r"|(?:reply |text )?help for help|m(?:sg|essage)s? ?(?:&|and|y) ?data rates (?:may|might) apply"
    r"|m(?:sg|essage) (?:frequency|freq) varies"
)


def sketch(body: str, names: Iterable[str] = ()) -> Sketch:
    """Return what stands for a text's words; nothing when they are too few to tell texts apart.

    `names` are of people and companies known to stand in it: they say nothing of what it says.
    """
    told = telling(body, names)
    parts = {word for word in told if word not in _COMMON}
    if len(parts) < FEWEST_WORDS:
        return ()
    parts.update(f"{first} {second}" for first, second in pairwise(told))
    return tuple(nsmallest(KEPT, {_hash(part) for part in parts}))


def likeness(one: Sketch, other: Sketch) -> float:
    """Return how much of two texts is shared: 0 for nothing, 1 for the same words."""
    if not one or not other:
        return 0.0
    if one == other:  # as most sends of one wording are
        return 1.0
    first, second = frozenset(one), frozenset(other)
    shared, together = first & second, first | second
    if len(together) <= KEPT:
        return len(shared) / len(together)
    return len(shared.intersection(sorted(together)[:KEPT])) / KEPT


def are_alike(one: Sketch, other: Sketch) -> bool:
    """Say whether two texts say nearly the same."""
    return likeness(one, other) >= ALIKE_FROM


def packed(hashes: Sequence[int]) -> bytes:
    """Return a sketch as it is stored."""
    return struct.pack(f">{len(hashes)}I", *hashes)


def unpacked(stored: bytes) -> Sketch:
    """Return a stored sketch."""
    return struct.unpack(f">{len(stored) // _WIDTH}I", stored)


def telling(body: str, names: Iterable[str] = ()) -> list[str]:
    """Return the words of a text that say what it is about, in order."""
    bare = _field.sub(" ", body) if "{" in body else body
    line = letters(bare)
    if _may_link.search(bare):
        text = plain(bare)
        line = text.without(link.span for link in lint_links.links(text)).text
    line = spoken(_signature.sub("", line))
    for pattern in (_greeting, _way_out, _introduction):
        line = pattern.sub(" ", line)
    known = _parts(tuple(names))
    return [
        word
        for word in _word.findall(line)
        if word.isalpha() and word not in known and word not in _VARIABLE
    ]


@lru_cache(maxsize=256)
def _parts(names: tuple[str, ...]) -> frozenset[str]:
    found = {word for name in names for word in _word.findall(spoken(letters(name)))}
    return frozenset(found - _COMMON)


@lru_cache(maxsize=8_192)
def _hash(part: str) -> int:
    return int.from_bytes(blake2b(part.encode(), digest_size=_WIDTH).digest(), "big")
