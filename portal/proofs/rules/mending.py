"""What is missing in a record, why it matters, and what can still be done about it (C-1)."""

from collections.abc import Mapping
from typing import Final

from portal.consent.values import RecordRef
from portal.proofs.rules.printing import CLAIMS

_MEND: Final[Mapping[str, str]] = {
    "name": "Ask them, and record it with a new consent.",
    "e-mail": "Optional for a text. A form that asks for it makes the person easier to tell.",
    "postal address": "Optional for a text. Carriers like to see it in an appeal.",
    "date and time": "Nobody noted when they agreed. Ask them to confirm by a double opt-in.",
    "kinds of text agreed to": "The record names none: it allows nothing.",
    "who collected it": "It can't be added afterwards. New records name it by themselves.",
    "IP address": "It can't be added afterwards. Hosted forms record it by themselves.",
    "web address": "It can't be added afterwards. Hosted forms record it by themselves.",
    "checkbox": "It can't be proven afterwards. Ask them to sign up on your opt-in form.",
    "form and version": "It can't be added afterwards. Hosted forms record it by themselves.",
    "user agent": "It can't be added afterwards. Hosted forms record it by themselves.",
    "details of the method": "Record a new consent that says where and how they agreed.",
    "disclosure text": "What they read is not known. Ask them to sign up on your opt-in form.",
    "the page as the person saw it": "Ask them to sign up on your opt-in form, which keeps the page.",
    "scan or recording": "Record the paper again with its scan: that also makes it stronger.",
}


def ways(record: RecordRef, missing: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each missing fact with what would mend it; records are added to, never changed."""
    if record.event not in CLAIMS:
        return []
    return [(fact, _MEND.get(fact, "")) for fact in missing]
