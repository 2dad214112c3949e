"""Pure decisions of pages across slices."""
