"""Writing the parts of a case: words, a link, files, or why a part does not apply (A-2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from portal.appeals import queries
from portal.appeals.errors import BadPart, NotThatWay, PartChanged
from portal.appeals.models import AppealCase, AppealPart
from portal.appeals.rules import tallying
from portal.appeals.service import files
from portal.appeals.service.files import Checked
from portal.appeals.service.telling import tell
from portal.appeals.values import (
    Answer,
    CaseRef,
    FileKind,
    FileRef,
    Happening,
    PartRef,
    Slot,
    Tally,
)
from portal.core import clock
from portal.core.addresses import is_web
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import lock

LONGEST_TEXT: Final = 10_000
LONGEST_LINK: Final = 500
MOST_NUMBERS: Final = 5_000
_LEAST_WORDS: Final = 3  # of why a part does not apply
_MAY_LACK: Final = frozenset({Slot.CHECKBOX, Slot.PROOF})
_LOCKED: Final = "This appeal is “{state}”: its parts can't be changed now."


def write_part(
    case: CaseRef, number: int, *, text: str, link: str, edits: int, actor: Actor
) -> None:
    """Keep what was written in a part; `edits` is what the person saw.

    Raises NotThatWay, BadPart, or PartChanged where somebody was faster.
    """
    part = _writable(case, number)
    text, link = text.replace("\0", "").strip(), link.replace("\0", "").strip()
    if len(text) > LONGEST_TEXT:
        raise BadPart("text", f"Use at most {LONGEST_TEXT:,} characters.")
    if link and not _is_web_address(link):
        raise BadPart("link", "Enter a whole web address, like https://example.com/join.")
    if part.edits != edits:
        raise PartChanged
    has_any = bool(text or link or part.files or part.numbers or part.confirmed_at)
    _change(
        case,
        part,
        {"text": text, "link": link, "answer": Answer.GIVEN if has_any else Answer.OPEN},
    )
    tell(case, Happening.WRITTEN, actor=actor, part=number)


def set_aside(case: CaseRef, number: int, *, because: str, edits: int, actor: Actor) -> None:
    """Say why a part does not apply to this case. Raises BadPart for one that is required."""
    part = _writable(case, number)
    because = because.replace("\0", "").strip()
    if part.slot not in _MAY_LACK:
        raise BadPart("because", "This part is required.")
    if len(because.split()) < _LEAST_WORDS or len(because) > LONGEST_TEXT:
        raise BadPart("because", "Say in a sentence why this part does not apply.")
    if part.edits != edits:
        raise PartChanged
    _change(case, part, {"text": because, "answer": Answer.NOT_APPLICABLE})
    tell(case, Happening.WRITTEN, actor=actor, part=number, text="Not applicable")


def attach(
    case: CaseRef,
    number: int,
    checked: Checked,
    *,
    actor: Actor,
    kind: FileKind = FileKind.UPLOAD,
) -> FileRef:
    """Show a checked file in a part. Raises NotThatWay, or FileRefused when the case is full."""
    part = _writable(case, number)
    file = files.keep(case, checked, actor=actor, kind=kind, part=number)
    _change(case, part, {"answer": Answer.GIVEN, "text": _answer_of(part)})
    tell(case, Happening.ATTACHED, actor=actor, part=number, text=file.name)
    return file


def remove_file(case: CaseRef, file_id: UUID, *, actor: Actor) -> None:
    """Take a file out of a part again. Raises NotThatWay, NotFound."""
    number = queries.file_or_404(case, file_id).part
    if number is None:
        raise NotThatWay("This file belongs to no part: it stays.")
    _writable(case, number)
    file = files.remove(case, file_id)
    part = queries.part_or_404(case, number)
    if part.is_given and not (
        part.text or part.link or part.files or part.numbers or part.confirmed_at
    ):
        _change(case, part, {"answer": Answer.OPEN})
    tell(case, Happening.REMOVED, actor=actor, part=number, text=file.name)


def name_numbers(
    case: CaseRef,
    number: int,
    numbers: Sequence[str],
    *,
    actor: Actor,
    tally: Tally | None = None,
) -> None:
    """Keep the numbers the carrier asks proof for, E.164, instead of those before (part 6).

    `tally` is what `checking.tally` found for them.
    """
    part = _writable(case, number)
    wanted = list(dict.fromkeys(numbers))
    if len(wanted) > MOST_NUMBERS:
        raise BadPart("numbers", f"Name at most {MOST_NUMBERS:,} numbers.")
    text = _answer_of(part) if wanted else part.text
    if wanted or not part.is_set_aside:
        has_any = bool(wanted or text or part.files)
        answer = Answer.GIVEN if has_any else Answer.OPEN
    else:
        answer = part.answer
    kept = tallying.as_json(tally) if tally else None
    _change(case, part, {"numbers": wanted, "text": text, "answer": answer, "tally": kept})
    tell(case, Happening.GATHERED, actor=actor, part=number, text=f"{len(wanted)} numbers")


def keep_tally(case: CaseRef, number: int, tally: Tally) -> None:
    """Keep what was found for the numbers of a part, which nobody has to see to write in it."""
    row = db.session.get_one(AppealPart, (case.id, number))
    row.tally = tallying.as_json(tally)


def confirm_ceased(case: CaseRef, number: int, *, words: str, actor: Actor) -> None:
    """Keep who confirmed that the traffic has ceased, and what was stopped (part 5)."""
    part = _writable(case, number)
    _change(
        case,
        part,
        {
            "text": words,
            "confirmed_at": clock.utcnow(),
            "confirmed_by": actor.label[:200],
            "answer": Answer.GIVEN,
        },
    )
    tell(case, Happening.STOPPED, actor=actor, part=number, text=words)


def _writable(case: CaseRef, number: int) -> PartRef:
    """Return the part of a case that may be changed now, both locked against others' moves."""
    lock(case.tenant, AppealCase, case.id)
    now = queries.case_or_404(case.tenant, case.id)
    if not now.is_writable:
        raise NotThatWay(_LOCKED.format(state=now.state_label))
    return queries.part_or_404(now, number)


def _answer_of(part: PartRef) -> str:
    """Return what was written in a part; why it did not apply is no answer once it does."""
    return "" if part.is_set_aside else part.text


def _change(case: CaseRef, part: PartRef, values: Mapping[str, Any]) -> None:
    row = db.session.get_one(AppealPart, (case.id, part.number))
    for name, value in values.items():
        setattr(row, name, value)
    row.edits = part.edits + 1
    db.session.flush()  # it is read again in the same unit of work


def _is_web_address(link: str) -> bool:
    if len(link) > LONGEST_LINK or any(c.isspace() for c in link):
        return False
    return is_web(link)
