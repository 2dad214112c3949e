"""Verbs of mail: post, and what a worker does with it."""

from portal.mail.service.posting import address, offer, post
from portal.mail.service.sending import claim, forget_about, forget_old, letter, record

__all__ = ["address", "claim", "forget_about", "forget_old", "letter", "offer", "post", "record"]
