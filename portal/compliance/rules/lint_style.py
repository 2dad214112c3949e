"""Who sends, how to stop, and how loud a text is (SPEC H-1)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from portal.compliance.rules.lint_text import Finding, Level, Plain, listed, plain, words

_LEGAL: Final = listed("legal")
_COMMON: Final = listed("common")
_sender_field: Final = re.compile(r"\{(?:agent_name|agent_first_name|brokerage|team)\s{0,3}[|}]")
_opt_out: Final = re.compile(
    r"(?<![a-z])(?:reply|text|txt|send|respond|type|answer|responda|responde|envie|envia|mande|"
    r"conteste)(?: back)?(?: with| us| the word| la palabra| con)?:? ?[\"“*(«]?"
    r"(stop ?all|stop|unsubscribe|cancel|end|quit|opt ?out|revoke)(?![a-z])( to| para|[\"”*)»])?"
    r"|(?<![a-z])[\"“*(]?stop[\"”*)]? ?(?:to|2|=|para)(?: be| ser)? ?(?:opt|unsub|end|cancel|quit|stop|"
    r"remove|no |dejar|terminar|darse)"
)
_INTRODUCED: Final = (
    r"(?:^(?={0}(?: (?:with|from|at|here)|:|,? (?:your|the) \w))"
    r"|(?:its|this is|i am|im|my name is|name is|with|from|of|by|soy|habla|de|con|escribe|call|"
    r"your (?:agent|realtor|broker)|regards,?|thanks,?|thank you,?|best,?|cheers,?) ?)"
    r"{0}(?![a-z0-9])|(?<![a-z0-9]){0} (?:here|aqui)(?![a-z0-9])|[,.!?:~\n(] ?{0}[.!)]{{0,2}}\s?$"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_field: Final = re.compile(r"\{[^{}]{0,60}\}")
_marks: Final = re.compile(r"[!?]{3,}|\${3,}|[*~#]{5,}")
_symbols: Final = re.compile(r"([\u2600-\u27bf\U0001f300-\U0001faff])\ufe0f?(?:\1\ufe0f?){3,}")
_spread: Final = re.compile(r"(?<!\w)(?:[A-Z][ .\-]){3,30}[A-Z](?!\w)")
_NOISES: Final = (_marks, _symbols, _spread)
_QUIET: Final = listed("capitals")


def sender(text: Plain, names: Sequence[str]) -> list[Finding]:
    """Find that a text doesn't name who sends it, by a full name or a first name introduced."""
    line = words(text)
    if _sender_field.search(text.text) or any(_is_named(line.text, name) for name in names):
        return []
    known = [name.strip() for name in names if name.strip()]
    advice = (
        f'Say who writes, for example "{known[0]}".'
        if known
        else "Set the name your organization texts under, and say it in the text."
    )
    return [
        Finding(
            "sender",
            "warn",
            "",
            f"The text doesn't say who it is from, and people must know at once whom they agreed to "
            f"hear from. {advice}",
        )
    ]


def opt_out(text: Plain, *, notice_follows: bool) -> list[Finding]:
    """Find that a first text lacks the way out; a notice that follows (S-3) makes it a remark."""
    line = words(text)
    for match in _opt_out.finditer(line.text):
        word = match.group(1)
        if word is None or word.startswith("stop") or match.group(2):
            return []
        start, end = match.span(1)
        if line.quote((start, end)).isupper():
            return []
    level: Level = "info" if notice_follows else "warn"
    message = (
        "The first text to a person has to say how to stop. The automatic notice sent right after "
        "this one does, so nothing is missing."
        if notice_follows
        else 'The first text to a person has to say how to stop. Add "Reply STOP to unsubscribe".'
    )
    return [Finding("opt_out", level, "", message)]


def caps(body: str, links: Iterable[str], names: Sequence[str]) -> list[Finding]:
    """Find shouting: words in capitals, rows of marks or symbols, letters spread apart."""
    quiet = _field.sub(_blank, body)
    for part in sorted({*links, *(name.strip() for name in names)} - {""}, key=len, reverse=True):
        for written in (part, part.upper()):
            quiet = quiet.replace(written, " " * len(written))
    spoken = [m for m in _WORD.finditer(quiet) if len(m[0]) > 2 and m[0] not in _QUIET]
    run = _longest_run(spoken)
    marks = [m for pattern in _NOISES for m in pattern.finditer(quiet)]
    level = _loudness(sum(word[0].isupper() for word in spoken), len(spoken), len(run))
    if level is None and not marks:
        return []
    if len(marks) + (level is not None) > 1 or any(len(mark[0]) > 5 for mark in marks):
        level = "warn"
    shown = run if level and len(run) > 1 else marks[:1] or run
    return [
        Finding(
            "caps",
            level or "info",
            body[shown[0].start() : shown[-1].end()],
            "Capitals, rows of marks and repeated symbols read as shouting and score as spam. Write "
            "it as you would say it, with one mark at the end.",
        )
    ]


def _loudness(loud: int, spoken: int, in_a_row: int) -> Level | None:
    """Grade the capitals of a text by how many of its words are written in them."""
    if loud >= 3 and loud * 2 >= spoken:
        return "warn"
    if in_a_row >= 3 or (loud >= 3 and loud * 4 >= spoken) or (loud == spoken == 2):
        return "info"
    return None


def _longest_run(spoken: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    """Return the most words in capitals that stand in a row."""
    longest: list[re.Match[str]] = []
    run: list[re.Match[str]] = []
    for word in spoken:
        run = [*run, word] if word[0].isupper() and len(run) < 8 else []
        longest = max(longest, run, key=len)
    return longest


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _is_named(line: str, name: str) -> bool:
    """Say whether a line names a sender: in full, or by the first word where introduced."""
    parts = [part.strip(".,&()") for part in words(plain(name)).text.split()]
    parts = [part for part in parts if part]
    while len(parts) > 1 and parts[-1] in _LEGAL:
        parts.pop()
    if not parts:
        return False
    whole = r"[\s.,&]{1,3}".join(map(re.escape, parts))
    if re.search(rf"(?<![a-z0-9]){whole}s?(?![a-z0-9])", line):
        return True
    first = parts[0]
    if len(parts) == 1 or len(first) < 3 or first in _COMMON:
        return False
    return bool(re.search(_INTRODUCED.format(re.escape(first)), line))
