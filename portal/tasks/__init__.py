"""Reminders of what a person has to do, and when; SmartPlans make them, too (P-1, S-6)."""
