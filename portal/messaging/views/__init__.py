"""The pages of texting."""

from portal.messaging.views.blueprint import bp

blueprints = [bp]
