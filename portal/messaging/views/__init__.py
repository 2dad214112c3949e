"""The pages of texting."""

from portal.messaging.views import (
    campaigns,
    composing,
    contact,
    conversation,
    countries,
    inbox,
    joining,
    opt_out_imports,
    opt_outs,
    standstill,
    webhooks,
)
from portal.messaging.views.blueprint import bp

blueprints = [bp, webhooks.bp]
init_app = standstill.init_app
__all__ = [
    "blueprints",
    "campaigns",
    "composing",
    "contact",
    "conversation",
    "countries",
    "inbox",
    "init_app",
    "joining",
    "opt_out_imports",
    "opt_outs",
]
