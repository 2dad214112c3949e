"""What people enter about texts."""
