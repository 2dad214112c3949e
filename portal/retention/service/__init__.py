"""Erasing, holding, forgetting in time, and ending consents of numbers that changed hands."""
