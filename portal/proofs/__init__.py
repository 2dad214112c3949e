"""Proof of opt-in: certificates, bundles, links for auditors (C-6, C-12)."""
