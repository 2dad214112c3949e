"""Whether a number can be brought over, in plain words (FACTS 1.11)."""

import re
from typing import Final

from portal.core import phone
from portal.gateways.porting import Portability
from portal.porting.values import Checked

MOST_AT_ONCE: Final = 10
_BY_HAND: Final = (
    "Twilio moves this number by hand only. Ask support: an administrator opens the request in "
    "Twilio's Console."
)
_TAKEN: Final = (
    "This number is at Twilio already, in somebody else's account. Whoever gave it to you can move "
    "it to your account instead."
)
_OWN: Final = "This number is in one of your Twilio accounts already: move it from there instead."
_OPEN: Final = "Another request for this number is open at Twilio. Wait for its end, or have it canceled there."
_UNSERVED: Final = "Twilio can't take numbers over in this number's area. It has to stay."
_CODES: Final = {22130: _UNSERVED, 22132: _TAKEN, 22133: _BY_HAND, 22137: _OPEN}
_WORDS: Final = (
    ("manual", _BY_HAND),
    ("one_of_your", _OWN),
    ("different_owner", _TAKEN),
    ("in_progress", _OPEN),
    ("unsupported", _UNSERVED),
)
_SPLIT: Final = re.compile(r"[\n,;]+")


def numbers_in(text: str) -> list[str]:
    """Return what was typed as numbers, one a line or parted by commas, each once."""
    parts = [" ".join(part.split()) for part in _SPLIT.split(text)]
    return list(dict.fromkeys(part for part in parts if part))


def why_not_asked(typed: str) -> Checked | str:
    """Return a US local number as E.164, or why it is not worth asking Twilio about it."""
    try:
        found = phone.parse(typed)
    except phone.PhoneError as error:
        return Checked(typed[:40], typed[:40], is_portable=False, sentence=error.message)
    shown = phone.show(found.e164)
    if not found.is_us:
        sentence = "Only US numbers can be brought over here."
        return Checked(found.e164, shown, is_portable=False, sentence=sentence)
    if found.kind is phone.Kind.TOLL_FREE:
        return Checked(found.e164, shown, is_portable=False, sentence=_BY_HAND)
    return found.e164


def explain(found: Portability) -> Checked:
    """Return what Twilio says of a number in plain words."""
    shown = phone.show(found.e164)
    if not found.is_portable:
        return Checked(found.e164, shown, is_portable=False, sentence=_why_not(found))
    needs_pin = found.needs_pin or found.number_type.upper() == "MOBILE"
    asked = "Have the account number and the PIN of your current carrier ready. "
    return Checked(
        found.e164,
        shown,
        is_portable=True,
        sentence=f"It can be brought over. {asked if needs_pin else ''}".strip(),
        needs_pin=needs_pin,
        number_type=found.number_type[:20],
    )


def _why_not(found: Portability) -> str:
    if found.code in _CODES:
        return _CODES[found.code]
    said = found.reason.lower()
    for word, sentence in _WORDS:
        if word in said:
            return sentence
    words = found.reason.replace("_", " ").lower().strip()
    return f"Twilio can't take it over{f': {words}' if words else ''}. Ask support what would help."
