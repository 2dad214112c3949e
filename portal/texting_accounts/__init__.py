"""Texting accounts: owner, zone, limits, state and who works in them."""
