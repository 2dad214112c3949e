"""Marks beside a contact or recipient: opted out, not to be contacted, no consent (K-3)."""

from collections.abc import Mapping, Sequence

from portal.consent.queries.standings import MOST, standings
from portal.consent.rules import allows
from portal.consent.values import MessageKind
from portal.contacts.values import Mark
from portal.core.clock import utcnow
from portal.core.tenancy import Tenant

_SIGNS: Mapping[str, tuple[str, str, str]] = {  # code: icon, label, tone
    "opted_out": ("stop", "Opted out", "bad"),
    "org_opted_out": ("stop", "No marketing", "warn"),
    "revocation_hold": ("stop", "Asked to stop", "warn"),
    "do_not_contact": ("phoneoff", "Do not contact", "bad"),
    "consent_not_valid": ("nodoc", "Not valid consent", "bad"),
    "consent_missing": ("nodoc", "No consent", "warn"),
    "consent_expired": ("nodoc", "Inquiry over", "warn"),
    "consent_insufficient": ("nodoc", "One-to-one only", "quiet"),
    "consent_kind": ("nodoc", "One-to-one only", "quiet"),
}


def contact_marks(tenant: Tenant, e164s: Sequence[str]) -> dict[str, list[Mark]]:
    """Return the worst mark of consent for each number that has one."""
    now = utcnow()
    found: dict[str, list[Mark]] = {}
    for start in range(0, len(e164s), MOST):
        for e164, standing in standings(tenant, e164s[start : start + MOST], now).items():
            basis = allows(standing, MessageKind.MARKETING, now)
            if not basis.ok:
                found[e164] = [_mark(basis.code, basis.sentence)]
    return found


def _mark(code: str, sentence: str) -> Mark:
    icon, label, tone = _SIGNS.get(code, ("nodoc", "No consent", "warn"))
    return Mark(code, icon, label, sentence, tone)
