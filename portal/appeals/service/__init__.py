"""What is done to appeals: opened, written, handed in, returned, approved, sent, decided."""
