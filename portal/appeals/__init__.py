"""Appeals of suspensions: the case, its parts and files, and how it is decided (SPEC 11)."""
