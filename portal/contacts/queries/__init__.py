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
    count_matching,
    count_selected,
    kept_ids,
    most_numbers,
    page,
    selected,
    selected_ids,
    selection_of,
)
from portal.contacts.queries.marking import (
    MarkSource,
    NoteSource,
    add_mark_source,
    add_note_source,
    import_notes,
    marks,
    number_mark,
)
from portal.contacts.queries.narrowing import narrow_listed_by
from portal.contacts.queries.outline import Outline, count, outline, tags
from portal.contacts.queries.people import (
    by_id,
    by_ids,
    by_numbers,
    called,
    get_or_404,
    names_by_numbers,
    notes,
    numbers_known,
    states_of,
    with_holders,
)
from portal.contacts.rules.choosing import selection_from_json

__all__ = [
    "MarkSource",
    "NoteSource",
    "Outline",
    "add_mark_source",
    "add_note_source",
    "by_id",
    "by_ids",
    "by_numbers",
    "called",
    "count",
    "count_matching",
    "count_selected",
    "findings",
    "get_or_404",
    "has_imported",
    "import_by_id",
    "import_notes",
    "import_or_404",
    "imports",
    "kept_ids",
    "marks",
    "most_numbers",
    "names_by_numbers",
    "narrow_listed_by",
    "notes",
    "number_mark",
    "numbers_known",
    "outline",
    "page",
    "selected",
    "selected_ids",
    "selection_from_json",
    "selection_of",
    "stalled_imports",
    "states_of",
    "tags",
    "with_holders",
]
