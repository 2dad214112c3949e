"""Consent to be texted, its history with evidence, and what stands now (SPEC 7)."""
