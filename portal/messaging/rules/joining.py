"""A join keyword: which words may be one, when a text is it, and what it is answered with (Q-6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from portal.consent.rules import disclosures
from portal.consent.values import MessageKind
from portal.contacts.values import Language
from portal.messaging.rules import keywords, revocation

FEWEST_LETTERS: Final = 3
MOST_LETTERS: Final = 15
# Words people also say in talk, or use to end it, besides the carriers' own.
_TAKEN: Final = frozenset(
    {
        *("yes", "no", "okay", "thanks", "thankyou", "hello", "call", "text", "sure", "fine"),
        *("remove", "baja", "alto", "parar", "basta", "si", "ayuda", "subscribe", "join"),
    }
)
# A text has no box, and says itself what the rest of the ten points ask.
# Each with the field that mends it; our own words around hold the rest, unless what
# the texts are about bends them.
_POINTS: Final[Mapping[str, tuple[str, str]]] = {
    "programme": ("programme", "what the texts are about"),
    "sender": ("programme", "who texts"),
    "rates": ("programme", "that message and data rates may apply"),
    "frequency": ("frequency", "how often you text"),
    "help": ("help_contact", "where to find help"),
    "stop": ("programme", "how to stop"),
    "privacy": ("privacy_url", "the link to the privacy policy"),
    "terms": ("terms_url", "the link to the terms"),
    "not_condition": ("programme", "that consent is not a condition of purchase"),
}


@dataclass(frozen=True, slots=True)
class JoinWords:
    """What the answer to a join keyword is made of."""

    sender: str
    programme: str
    frequency: str
    help_contact: str
    terms_url: str
    privacy_url: str
    language: Language = Language.EN


@dataclass(frozen=True, slots=True)
class JoinKeywordRef:
    """The keyword by which people sign up for an account's texts (Q-6)."""

    word: str
    is_on: bool
    programme: str
    frequency: str
    help_contact: str
    terms_url: str
    privacy_url: str
    kinds: tuple[MessageKind, ...]
    language: Language
    version: int
    changed_at: datetime
    changed_by: str


def folded(word: str) -> str:
    """Return a keyword as it is compared: small letters, no accents, nothing around it."""
    return " ".join(keywords.words(word))


def problem(word: str) -> str | None:
    """Return why a word can't be a join keyword, None when it can."""
    name = folded(word)
    if not name.isalnum() or not name.isascii() or not name[:1].isalpha():
        return "Use one word of letters and digits that starts with a letter, like HOMES."
    if not FEWEST_LETTERS <= len(name) <= MOST_LETTERS:
        return f"Use {FEWEST_LETTERS} to {MOST_LETTERS} letters."
    is_kept = keywords.classify(name) is not None or name in _TAKEN
    if is_kept or revocation.detect(name).is_revocation:
        return f"{name.upper()} means something else when a person texts it. Choose another word."
    return None


def may_be(body: str) -> bool:
    """Say whether a whole text could be a join keyword: one word that may be one."""
    return problem(body) is None


def hears(body: str, word: str) -> bool:
    """Say whether a whole text is this keyword; case and what stands around it don't matter."""
    return keywords.words(body) == [word]


def answer(words: JoinWords) -> str:
    """Return the text that answers a join keyword: the full disclosure (Q-6)."""
    if words.language is Language.ES:
        return (
            f"Se inscribió para recibir mensajes de texto de {words.sender} sobre "
            f"{words.programme}. {sentence(words.frequency)} Pueden aplicarse tarifas por mensajes y datos. Responda HELP para ayuda o STOP para "
            "cancelar. El consentimiento no es condición de compra. "
            f"Ayuda: {words.help_contact}. Términos: {words.terms_url} "
            f"Privacidad: {words.privacy_url}"
        )
    return (
        f"You are signed up to receive texts from {words.sender} about {words.programme}. "
        f"{sentence(words.frequency)} "
        "Message and data rates may apply. Reply HELP for help or STOP to end. Consent is not a "
        f"condition of purchase. Help: {words.help_contact}. Terms: {words.terms_url} "
        f"Privacy: {words.privacy_url}"
    )


def sign(words: JoinWords, word: str, number: str) -> str:
    """Return what stands on a sign or a web page that invites people to text the keyword."""
    if words.language is Language.ES:
        return (
            f"Envíe {word.upper()} al {number} para recibir mensajes de texto de "
            f"{words.sender} sobre {words.programme}. {sentence(words.frequency)} Pueden aplicarse tarifas por "
            "mensajes y datos. Responda HELP para ayuda o STOP para cancelar. El consentimiento no "
            f"es condición de compra. Ayuda: {words.help_contact}. Términos: {words.terms_url} "
            f"Privacidad: {words.privacy_url}"
        )
    return (
        f"Text {word.upper()} to {number} to receive texts from {words.sender} about "
        f"{words.programme}. "
        f"{sentence(words.frequency)} Message and data rates may apply. Reply HELP for help or "
        "STOP to end. Consent is not a condition of purchase. "
        f"Help: {words.help_contact}. Terms: {words.terms_url} Privacy: {words.privacy_url}"
    )


def missing(words: JoinWords) -> dict[str, list[str]]:
    """Return which of the nine points of C-3 that apply to a text its answer lacks, by field."""
    links = {words.terms_url: "terms", words.privacy_url: "privacy policy"}
    html = escape(answer(words))
    for url, name in links.items():
        if url:
            html = html.replace(escape(url), f'<a href="{escape(url)}">{name}</a>')
    found = disclosures.check(f"<p>{html}</p>")
    lacking: dict[str, list[str]] = {}
    for point, (field, told) in _POINTS.items():
        if not found[point]:
            lacking.setdefault(field, []).append(told)
    return lacking


def sentence(text: str) -> str:
    """Return what a person wrote as a sentence: with a full stop, unless it ends in a sign."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
