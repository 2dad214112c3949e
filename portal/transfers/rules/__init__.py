"""Pure rules of transfers: the steps, what will change, who opted out before, and the letter."""
