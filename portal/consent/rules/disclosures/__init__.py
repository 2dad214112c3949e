"""Ten points that a page asking for consent to texts must show (SPEC C-3, C-9; facts 5.1)."""

from portal.consent.rules.disclosures.points import Finding, check, findings

__all__ = ["Finding", "check", "findings"]
