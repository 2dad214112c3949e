"""Pure decisions about do-not-call lists."""
