"""The doctor: looks for contradictions between what is promised and what the tables say."""
