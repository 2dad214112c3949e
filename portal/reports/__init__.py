"""Read-only pages across slices: the role homes."""
