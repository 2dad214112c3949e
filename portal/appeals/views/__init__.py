"""Pages of appeals: the case, what is done to it, the officers' queue and the templates."""

from portal.appeals.views import acting, cases, proof, queue, wording, writing
from portal.appeals.views.blueprint import bp

__all__ = ["acting", "bp", "cases", "proof", "queue", "wording", "writing"]
