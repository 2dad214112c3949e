"""Everything about one account as one ZIP for counsel, made by a worker (issue 9, C-12, M-4)."""
