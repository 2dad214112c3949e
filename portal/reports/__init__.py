"""Read-only pages across slices: role homes, the list of accounts, reports."""
