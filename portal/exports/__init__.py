"""Files of an account that a worker makes, with progress, and that are gone after a week."""
