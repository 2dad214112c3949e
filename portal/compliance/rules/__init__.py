"""Pure decisions about the law: hours, Sundays and holidays by state."""
