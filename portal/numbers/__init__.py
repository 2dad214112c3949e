"""Numbers: the organization's carrier account and the numbers its accounts text from."""
