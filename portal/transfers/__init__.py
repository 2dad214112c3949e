"""Transfers: a number that another Twilio account has is brought over, step by step (N-2)."""
