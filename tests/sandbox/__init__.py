"""What the carrier sandbox promises."""
