"""Numbers brought over from other carriers, from the check to the first text (N-3)."""
