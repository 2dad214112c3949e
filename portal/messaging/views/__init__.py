"""The pages of texting."""

from portal.messaging.views import (
    campaigns,
    composing,
    contact,
    conversation,
    countries,
    inbox,
    webhooks,
)
from portal.messaging.views.blueprint import bp

blueprints = [bp, webhooks.bp]
__all__ = ["blueprints", "campaigns", "composing", "contact", "conversation", "countries", "inbox"]
