"""Pages of notices: the bell's list, the choice of mail, and the outbox."""

from portal.notifications.views import devices, notices, outbox, preferences
from portal.notifications.views.blueprint import bp
from portal.notifications.views.notices import init_app
from portal.notifications.views.preferences import links

blueprints = [bp, links]

__all__ = ["blueprints", "bp", "devices", "init_app", "links", "notices", "outbox", "preferences"]
