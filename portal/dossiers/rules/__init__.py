"""What lies in a dossier, and what it says of itself: pure."""
