"""Marks of recipients: what stands in the way of texting them, in two words and why (K-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from portal.messaging.rules.plan import PlannedText
from portal.messaging.values import Fate

_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_number": ("alert", "N/A"),
    "unreachable": ("alert", "N/A"),
    "duplicate": ("copy", "Twice"),
    "region_blocked": ("globe", "Country off"),
    "daily_country": ("clock", "Limit"),
    "opted_out": ("stop", "Opted out"),
    "org_opted_out": ("stop", "Opted out"),
    "revocation_hold": ("stop", "Asked to stop"),
    "do_not_contact": ("lock", "Internal list"),
    "dnc_listed": ("phoneoff", "Do-not-call list"),
    "dnc_unchecked": ("phoneoff", "Check by hand"),
    "consent_missing": ("nodoc", "No consent"),
    "consent_expired": ("nodoc", "Expired"),
    "consent_not_valid": ("nodoc", "Not valid"),
    "consent_insufficient": ("nodoc", "One-to-one only"),
    "consent_kind": ("nodoc", "Not for this"),
    "missing_value": ("braces", "Value missing"),
    "quiet_hours": ("clock", "Quiet hours now"),
    "quiet_day": ("clock", "Closed day"),
    "holiday": ("clock", "Holiday"),
    "closed_day": ("clock", "Closed day"),
    "never_open": ("clock", "No open hour"),
    "frequency_cap": ("clock", "Texted enough"),
    "daily_recipients": ("clock", "Over limit"),
    "daily_segments": ("clock", "Over limit"),
}
_OTHER: Final = ("alert", "Blocked")
_ABROAD: Final = "International number: 2 credits a unit for a text, nothing extra with media."


@dataclass(frozen=True, slots=True)
class Sign:
    """The one mark of a recipient in the composer."""

    icon: str
    label: str
    why: str


def sign_of(text: PlannedText) -> Sign | None:
    """Return why somebody on the list is held, blocked or dearer, or None."""
    if text.gate is not None and text.outcome is not Fate.GO:
        icon, label = _LOOKS.get(text.gate.code, _OTHER)
        return Sign(icon, label, text.gate.sentence)
    return Sign("globe", "2x", _ABROAD) if text.is_international else None
