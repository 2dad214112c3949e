"""Pure decisions about cells, numbers, names, columns and runs of numbers."""
