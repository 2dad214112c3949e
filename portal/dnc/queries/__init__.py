"""Reads of do-not-call lists and of what exempts from them."""

from portal.dnc.queries.lists import (
    days_left_of_oldest,
    forgotten_imports,
    import_by_id,
    import_or_404,
    import_ref,
    imports,
    lists,
    rejects,
    sources,
    stalled_imports,
    stored_names_needed,
)
from portal.dnc.queries.lookup import (
    MOST,
    Lists,
    contact_marks,
    is_listed,
    is_written,
    listed_notes,
    read_lists,
)
from portal.dnc.queries.people import checks, exemption_or_404, exemptions, moments

__all__ = [
    "MOST",
    "Lists",
    "checks",
    "contact_marks",
    "days_left_of_oldest",
    "exemption_or_404",
    "exemptions",
    "forgotten_imports",
    "import_by_id",
    "import_or_404",
    "import_ref",
    "imports",
    "is_listed",
    "is_written",
    "listed_notes",
    "lists",
    "moments",
    "read_lists",
    "rejects",
    "sources",
    "stalled_imports",
    "stored_names_needed",
]
