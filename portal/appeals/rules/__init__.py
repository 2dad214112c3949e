"""The pure rules of appeals."""
