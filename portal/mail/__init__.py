"""Mail on its way: written down with what it tells of, sent later, at least once (M-1)."""
