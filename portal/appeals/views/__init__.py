"""Pages of appeals: the case, what is done to it, the officers' queue, templates; what is stopped."""

from portal.appeals.views import acting, cases, proof, queue, stopping, wording, writing
from portal.appeals.views.blueprint import bp

__all__ = ["acting", "bp", "cases", "proof", "queue", "stopping", "wording", "writing"]
