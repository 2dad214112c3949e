"""Pages of proofs."""

from portal.proofs.views import bundles, links, public, records
from portal.proofs.views.blueprint import bp

__all__ = ["bp", "bundles", "links", "public", "records"]
