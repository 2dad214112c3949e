"""People an account may text: address book, tags, import and export (SPEC section 4)."""
