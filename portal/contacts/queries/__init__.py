"""Reading the address book: people, lists by key, selections, marks, imports."""

from portal.contacts.queries.importing import (
    findings,
    has_imported,
    import_by_id,
    import_or_404,
    imports,
    stalled_imports,
)
from portal.contacts.queries.lists import (
    count,
    count_matching,
    count_selected,
    kept_ids,
    most_numbers,
    page,
    selected,
    selected_ids,
    selection_of,
    sources,
    states,
    tags,
)
from portal.contacts.queries.marking import MarkSource, add_mark_source, marks, number_mark
from portal.contacts.queries.people import by_ids, by_numbers, get_or_404, notes, numbers_known
from portal.contacts.rules.choosing import selection_from_json

__all__ = [
    "MarkSource",
    "add_mark_source",
    "by_ids",
    "by_numbers",
    "count",
    "count_matching",
    "count_selected",
    "findings",
    "get_or_404",
    "has_imported",
    "import_by_id",
    "import_or_404",
    "imports",
    "kept_ids",
    "marks",
    "most_numbers",
    "notes",
    "number_mark",
    "numbers_known",
    "page",
    "selected",
    "selected_ids",
    "selection_from_json",
    "selection_of",
    "sources",
    "stalled_imports",
    "states",
    "tags",
]
