"""Rules of opt-in forms: what they must say, how they look, who may hold and send them."""
