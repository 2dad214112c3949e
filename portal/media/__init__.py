"""Files that go with texts or came with them: kept, shown, and handed to the carrier (S-7)."""
