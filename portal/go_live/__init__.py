"""Whether the installation is ready for real operation: each check, what is wrong, what mends it (X-1)."""
