"""Whether the carrier reaches us, and whether what it signs is believed here (issue 6, W1 to W6)."""
