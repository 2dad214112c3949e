"""Pure decisions about texts: segments, rates, keywords and merge fields."""
