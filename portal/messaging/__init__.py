"""Texts: what they cost, who may get them, the send protocol, replies and keywords."""
