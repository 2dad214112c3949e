"""What a draft may say, and what changed between two versions (C-3)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from portal.core.addresses import is_web, parts_of
from portal.optin.errors import ContentRefused
from portal.optin.rules import colors
from portal.optin.rules.wording import SLOTS
from portal.optin.values import ASK_WORDS, Ask, Content

LABELS: Final[Mapping[str, str]] = {
    "language": "Language",
    "title": "Heading",
    "intro": "Introduction",
    "programme": "What the texts are about",
    "sender": "Who texts",
    "sender_address": "Address line",
    "kinds": "Kinds of text",
    "frequency": "How often",
    "help_contact": "Help contact",
    "privacy_url": "Privacy policy",
    "terms_url": "Terms",
    "disclosure": "Words beside the box",
    "button": "Button",
    "thanks": "Words after signing up",
    "ask_name": "Name",
    "ask_email": "E-mail",
    "ask_address": "Postal address",
    "ask_custom": "Own question",
    "custom_label": "Own question's words",
    "is_single_message": "One text only",
    "is_double_opt_in": "Double opt-in",
    "has_confirmation_text": "Confirmation text",
    "color": "Brand color",
    "logo": "Logo",
    "tags": "Tags",
    "origins": "Sites that may show it",
}
_SLOT: Final = re.compile(r"\{([^{}]*)\}")


def check(content: Content) -> None:
    """Raise ContentRefused where a draft says what can't be drawn; missing points are no matter."""
    for name in ("privacy_url", "terms_url"):
        if (url := getattr(content, name)) and not _is_web_address(url):
            raise ContentRefused(
                f"{LABELS[name]}: write the whole address, like https://www.example.com/privacy.",
                name,
            )
    for slot in _SLOT.findall(content.disclosure):
        if slot not in SLOTS:
            known = ", ".join(f"{{{each}}}" for each in SLOTS)
            raise ContentRefused(
                f"{{{slot[:40]}}} stands for nothing. These can stand in the text: {known}.",
                "disclosure",
            )
    if content.has_confirmation_text:
        _check_confirmation(content)
    if content.color and (why := colors.refusal(content.color)):
        raise ContentRefused(why, "color")
    if content.ask_custom is not Ask.NO and not content.custom_label:
        raise ContentRefused("Write the question, or don't ask it.", "custom_label")


def _check_confirmation(content: Content) -> None:
    """Ask for what the confirmation text says, and that it is the only one of its kind."""
    if content.is_double_opt_in:
        raise ContentRefused(
            "A double opt-in confirms already, in answer to the YES. Untick one of the two.",
            "has_confirmation_text",
        )
    if content.is_single_message:
        raise ContentRefused(
            "People are promised one text only, and this would be a second. Untick one of the two.",
            "has_confirmation_text",
        )
    for name in ("sender", "frequency"):
        if not getattr(content, name):
            raise ContentRefused(
                f"{LABELS[name]}: write it here, the confirmation text says it.", name
            )


def changes(before: Content | None, after: Content) -> tuple[tuple[str, str, str], ...]:
    """Return what differs: the field in words, what it said, what it says."""
    if before is None:
        return ()
    return tuple(
        (label, _shown(name, getattr(before, name)), _shown(name, getattr(after, name)))
        for name, label in LABELS.items()
        if getattr(before, name) != getattr(after, name)
    )


def slug_of(name: str) -> str:
    """Return a name as the end of an address: small letters, figures and dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "texts"


def _is_web_address(url: str) -> bool:
    return is_web(url) and "." in (parts_of(url).hostname or "")


def _shown(name: str, value: object) -> str:
    if name == "logo" and value:
        return f"picture {str(value)[:8]}"  # named by its hash, which is no word to read
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Ask):
        return ASK_WORDS[value].lower()
    if isinstance(value, tuple):
        return ", ".join(str(each).replace("_", "-") for each in value) or "none"
    return str(value) or "nothing"
