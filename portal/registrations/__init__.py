"""Registrations: who texts, told to the carriers: brand, campaign, toll-free numbers (N-5)."""
