"""Opt-out, opt-in and help keywords in replies (SPEC Q-1).

A keyword is the whole text: one word, or the two words "opt out". Case, full-width and
styled letters, accents, spaces, punctuation, symbols and emoji around it are ignored. Inside
a word punctuation is ignored for opt-outs only ("S.T.O.P", "opt-out", "STOP-ALL"), because
a doubt goes to the person's side. "stop all" with a space and every other phrase is left to
`revocation`.
"""

import unicodedata
from typing import Final, Literal

Keyword = Literal["stop", "start", "help"]

STOP_WORDS: Final = frozenset(
    ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke")
)
START_WORDS: Final = frozenset(("start", "yes", "unstop"))
HELP_WORDS: Final = frozenset(("help", "info"))

_CONVERSATIONAL: Final = "yes"


def classify(body: str) -> Keyword | None:
    """Name the keyword a reply consists of, or None (SPEC Q-1).

    "YES" is reported as "start": it counts only while opted out or asked for a double
    opt-in, which the caller knows and `is_conversational_yes` helps to ask.
    """
    found = words(body)
    bare = ["".join(filter(str.isalnum, word)) for word in found]
    if bare == ["opt", "out"] or (len(bare) == 1 and bare[0] in STOP_WORDS):
        return "stop"
    if len(found) != 1:
        return None
    if found[0] in START_WORDS:
        return "start"
    return "help" if found[0] in HELP_WORDS else None


def is_conversational_yes(body: str) -> bool:
    """Say whether a reply is YES, the one opt-in keyword people also say in talk (SPEC Q-6)."""
    return words(body) == [_CONVERSATIONAL]


def words(body: str) -> list[str]:
    """Return the words of a text without case, style, accents and surrounding punctuation."""
    plain = "".join(
        char
        for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", body).casefold())
        if unicodedata.category(char)[0] != "M" and unicodedata.category(char) != "Cf"
    )
    return [word for word in map(_trim, plain.split()) if word]


def _trim(word: str) -> str:
    """Cut everything that is neither letter nor digit off both ends of a word."""
    kept = [place for place, char in enumerate(word) if char.isalnum()]
    return word[kept[0] : kept[-1] + 1] if kept else ""
