"""Reads of proofs: records as stories, certificates, bundles and shared links."""

from portal.proofs.queries.handed_out import (
    asked,
    bundle_by_id,
    bundle_of_nonce,
    bundle_or_404,
    bundles,
    certificate_by_token,
    certificate_of,
    hash_of,
    link_or_404,
    links,
    open_link,
    overdue_bundles,
    proven,
    stalled_bundles,
    unproven,
    visits,
)
from portal.proofs.queries.stories import best_records, names_of, stories, story

__all__ = [
    "asked",
    "best_records",
    "bundle_by_id",
    "bundle_of_nonce",
    "bundle_or_404",
    "bundles",
    "certificate_by_token",
    "certificate_of",
    "hash_of",
    "link_or_404",
    "links",
    "names_of",
    "open_link",
    "overdue_bundles",
    "proven",
    "stalled_bundles",
    "stories",
    "story",
    "unproven",
    "visits",
]
