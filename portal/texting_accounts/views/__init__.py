"""Pages of texting accounts, and which account a request is about."""

from portal.texting_accounts.views import accounts, switching
from portal.texting_accounts.views.blueprint import bp
from portal.texting_accounts.views.switching import init_app

__all__ = ["accounts", "bp", "init_app", "switching"]
