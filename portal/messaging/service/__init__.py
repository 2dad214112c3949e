"""The verbs of messaging. Nothing here commits; the carrier is called by workers alone."""
