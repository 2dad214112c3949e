"""Whose plans are whose, what a step must be, and when it is due."""
