"""The pages of texting."""

from flask import Flask

from portal.messaging.views import (
    approvals,
    assigning,
    bulk_pause,
    campaigns,
    charges,
    closing,
    composing,
    contact,
    conversation,
    countries,
    explaining,
    exporting,
    inbox,
    joining,
    linting,
    opt_out_imports,
    opt_outs,
    picking,
    plan_limits,
    reinstating,
    revocations,
    saved,
    similar,
    standstill,
    webhooks,
)
from portal.messaging.views.blueprint import bp

blueprints = [bp, webhooks.bp]


def init_app(app: Flask) -> None:
    """Give every page what it says of sending, and the way to help."""
    standstill.init_app(app)
    explaining.init_app(app)


__all__ = [
    "approvals",
    "assigning",
    "blueprints",
    "bulk_pause",
    "campaigns",
    "charges",
    "closing",
    "composing",
    "contact",
    "conversation",
    "countries",
    "explaining",
    "exporting",
    "inbox",
    "init_app",
    "joining",
    "linting",
    "opt_out_imports",
    "opt_outs",
    "picking",
    "plan_limits",
    "reinstating",
    "revocations",
    "saved",
    "similar",
]
