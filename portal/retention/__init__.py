"""How long evidence is kept, erasure and legal hold (C-10, C-11)."""
