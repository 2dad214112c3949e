"""Pure decisions about bringing numbers over."""
