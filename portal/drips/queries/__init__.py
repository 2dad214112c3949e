"""What is known of plans."""
