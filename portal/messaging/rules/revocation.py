"""Plain words with which a person ends consent to be texted (SPEC Q-4).

The law takes any words by which a reasonable person would understand the wish (47 CFR
64.1200(a)(10)), in English or Spanish, hastily typed or not. A doubt goes to the person's
side, because a hold is released in a minute. Talk that only borrows such words, such as
"stop by at 5", is no revocation. The words themselves stand in `data/revocation.txt`.

Decided here: a wish about e-mail alone ("unsubscribe me from emails") leaves texts as they
are; "don't text, call me" ends texts; a wish about calls alone counts unless the same text
asks to be texted; "not interested" is an answer, not a revocation; a reaction that quotes
our own text says nothing.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portal.messaging.rules.keywords import classify

_SIGNS: Final = frozenset("🛑⛔")
_SPELLED: Final = frozenset(("stop", "quit", "cancel", "unsubscribe", "optout"))
_QUIET: Final = frozenset("'’‘ʼ´`")
_reaction: Final = re.compile(
    r"\s*(?:liked|loved|disliked|laughed at|emphasized|questioned|reacted|removed an?|"
    r"le gusto|le encanto|\W{1,4} to)\b[^“\"«]{0,40}[“\"«].*",
    re.IGNORECASE | re.DOTALL,
)
_stretched: Final = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True, slots=True)
class Revocation:
    """Whether a text ends consent, and the words of it that say so."""

    is_revocation: bool
    matched: str | None


@dataclass(frozen=True, slots=True)
class _Token:
    """A word in its plain spelling, or a mark, and where it stands in the text."""

    word: str
    start: int
    end: int


_NO: Final = Revocation(is_revocation=False, matched=None)


def detect(body: str) -> Revocation:
    """Say whether a reply revokes consent, by keyword or in plain words (SPEC Q-4)."""
    if classify(body) == "stop":
        return Revocation(is_revocation=True, matched=body.strip())
    if _reaction.match(_unaccented(body[:80]) + body[80:]):
        return _NO
    tokens = _softened(_joined(_spelled(list(_tokens(body)))))
    if not any(token.word.isalnum() for token in tokens):
        is_sign = bool(_SIGNS & set(body))
        return Revocation(is_revocation=is_sign, matched=body.strip() if is_sign else None)
    return _found(body, tokens)


def _found(body: str, tokens: list[_Token]) -> Revocation:
    """Look for the words of a revocation in what is left once ordinary talk is blanked out."""
    words = [token.word for token in tokens]
    text = f". {' '.join(words)} ."
    said = [word for word in words if word.isalnum() and word not in _COURTESIES]
    if "?" not in words and _WHOLE.fullmatch(" ".join(said)):
        return Revocation(is_revocation=True, matched=body.strip())
    for talk in (_TALK, _CALLS) if _PREFERS.search(text) else (_TALK,):
        text = talk.sub(_blanked, text)
    match = _REVOCATION.search(text)
    if match is None or not match.group().strip():
        return _NO
    first = text.count(" ", 0, match.start() + _leading(match.group()))
    last = text.count(" ", 0, match.end() - _leading(match.group()[::-1]))
    return Revocation(
        is_revocation=True, matched=body[tokens[first - 1].start : tokens[last - 1].end]
    )


def _leading(found: str) -> int:
    """Count the blanks a match begins with."""
    return len(found) - len(found.lstrip())


def _blanked(match: re.Match[str]) -> str:
    """Return a mark for every letter, so that places stay as they were."""
    return re.sub(r"[^ ]", "~", match.group())


def _unaccented(text: str) -> str:
    """Return a text in small plain letters, without accents and invisible characters."""
    return "".join(
        char
        for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        if unicodedata.category(char) not in {"Mn", "Mc", "Me", "Cf"}
    )


def _tokens(body: str) -> Iterator[_Token]:
    """Read words and marks one by one; a symbol of any other kind is a break."""
    letters: list[str] = []
    start = 0
    for place, char in enumerate(body + "\n"):
        plain = "" if char in _QUIET else _unaccented(char)
        if plain == "$" and body[place + 1 : place + 2].isalpha():
            plain = "s"
        if plain.isalnum():
            start = start if letters else place
            letters.append(plain)
            continue
        if not plain:
            continue
        if letters:
            yield _Token("".join(letters), start, place)
            letters = []
        mark = _mark(char, body[place + 1 : place + 2])
        if mark and place < len(body):
            yield _Token(mark, place, place + 1)


def _mark(char: str, following: str) -> str:
    """Name the break a character makes: none, inside a sentence, or between sentences."""
    if char in "\n\r.!;…¡。！":
        return "."
    if char in "?¿？":
        return "?"
    if char == "#":
        return "" if following.isdigit() else "number"
    return "" if char.isspace() or char in "-_*/&" else ","


def _spelled(tokens: list[_Token]) -> list[_Token]:
    """Bring stretched, spaced-out and misspelled words to their plain spelling."""
    spelled: list[_Token] = []
    run: list[_Token] = []
    for token in [*tokens, _Token("", 0, 0)]:
        if len(token.word) == 1 and (token.word.isalpha() or token.word in ".,"):
            run.append(token)
            continue
        word = "".join(part.word for part in run if part.word.isalpha())
        if word in _SPELLED:
            run = [_Token(word, run[0].start, run[-1].end)]
        spelled += run
        run = []
        spelled.append(token)
    return [
        _Token(part, token.start, token.end)
        for token in spelled[:-1]
        for part in _plain(token.word).split()
    ]


def _plain(word: str) -> str:
    """Return the plain spelling of one word."""
    short = _stretched.sub(r"\1", word)
    return _SPELLINGS.get(short) or _NEAR.get(short) or short


def _joined(tokens: list[_Token]) -> list[_Token]:
    """Write word pairs that mean one word as one: "do not" as "dont"."""
    joined: list[_Token] = []
    for token in tokens:
        before = joined[-1] if joined else _Token("", 0, 0)
        one = _JOINED.get(f"{before.word} {token.word}")
        if one is None and token.word == "not" and before.word in _NEGATED:
            one = before.word + "nt"
        if one is None:
            joined.append(token)
        else:
            joined[-1] = _Token(one, before.start, token.end)
    return joined


def _softened(tokens: list[_Token]) -> list[_Token]:
    """Leave out the breaks beside a courtesy, doubled marks, and marks at both ends."""
    kept: list[_Token] = []
    for place, token in enumerate(tokens):
        after = tokens[place + 1].word if place + 1 < len(tokens) else ""
        before = kept[-1].word if kept else "."
        if token.word == "," and (before in _COURTESIES or after in _COURTESIES):
            continue
        if token.word in {".", ","} and before in {".", ",", "?"}:
            continue
        kept.append(token)
    while kept and kept[-1].word in {".", ","}:
        kept.pop()
    return kept


def _sections(lines: Iterable[str]) -> dict[str, list[str]]:
    """Read the word file into its sections."""
    sections: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("["):
            sections[line.strip("[]\n")] = []
        elif line.strip() and not line.startswith("#"):
            sections[list(sections)[-1]].append(line.strip())
    return sections


def _compiled(patterns: Iterable[str], sets: dict[str, str]) -> re.Pattern[str]:
    """Compile patterns of the word file into one that reads whole words."""
    written = []
    for pattern in patterns:
        filled = pattern
        while "{" in filled and (known := re.search(r"\{([a-z]+)\}", filled)):
            filled = filled.replace(known.group(), f"(?:{sets[known.group(1)]})")
        for sign, means in _EDGES.items():
            filled = re.sub(sign, means, filled)
        written.append(f"(?:{filled})")
    return re.compile(rf"(?<![^ ])(?:{'|'.join(written)})(?![^ ])")


_EDGES: Final = {
    r"(?<!\(\?)<,": r"(?<=[.?,] )",
    r"(?<!\(\?)<(?![!=])": r"(?<=[.?] )",
    r">,": r"(?= [.?,])",
    r"(?<!\(\?)>(?!,)": r"(?= [.?])",
}


def _near(words: Iterable[str], real: Iterable[str]) -> dict[str, str]:
    """List every one-letter slip of a word that is no word of its own."""
    near: dict[str, str] = {}
    for word in words:
        cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
        slips = {a + b[1:] for a, b in cuts if b}
        slips |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
        for letter in string.ascii_lowercase:
            slips |= {a + letter + b[1:] for a, b in cuts if b}
            slips |= {a + letter + b for a, b in cuts}
        near |= dict.fromkeys(slips, word)
    for word in (*real, *words):
        near.pop(word, None)
    return near


with (Path(__file__).parent.parent / "data" / "revocation.txt").open(encoding="utf-8") as _file:
    _WORDS: Final = _sections(_file)
_COURTESIES: Final = frozenset(" ".join(_WORDS["courtesies"]).split())
_NEGATED: Final = frozenset(" ".join(_WORDS["negated"]).split())
_JOINED: Final = dict(line.split(" = ") for line in _WORDS["joined"])
_SETS: Final = dict(line.split(" = ", 1) for line in _WORDS["sets"])
_SPELLINGS: Final = {
    variant: plain
    for plain, _, variants in (line.partition(": ") for line in _WORDS["spellings"])
    for variant in variants.split()
}
_NEAR: Final = _near(" ".join(_WORDS["near"]).split(), " ".join(_WORDS["real"]).split())
_TALK: Final = _compiled(_WORDS["talk"], _SETS)
_CALLS: Final = _compiled(_WORDS["calls"], _SETS)
_PREFERS: Final = _compiled(_WORDS["prefers"], _SETS)
_REVOCATION: Final = _compiled(_WORDS["revocation"], _SETS)
_WHOLE: Final = re.compile("|".join(_WORDS["whole"]))
