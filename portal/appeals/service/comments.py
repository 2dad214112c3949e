"""Comments on a case, which name people, with files beside them (A-5)."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from portal.appeals.errors import BadReply
from portal.appeals.models import AppealCase
from portal.appeals.rules.mentions import mentioned
from portal.appeals.service import files, handling
from portal.appeals.service.files import Checked
from portal.appeals.service.telling import notify, short, tell
from portal.appeals.values import CaseRef, FileKind, Happening
from portal.core.audit import Actor
from portal.core.tenancy import lock
from portal.people.values import UserRef
from portal.texting_accounts import queries as accounts

LONGEST: Final = 5_000


def readers(case: CaseRef) -> list[UserRef]:
    """Return who may read a case, and so may be named: the account's people, leads, officers."""
    return handling.assignable(case)


def comment(
    case: CaseRef, text: str, *, actor: Actor, attached: Sequence[Checked] = ()
) -> list[UserRef]:
    """Keep a comment with its files and tell whom it names; return those. Raises BadReply.

    Also once the case is over: what is learnt later belongs to it. Nobody who may not read the
    case can be named.
    """
    text = text.replace("\0", "").strip()
    if not text:
        raise BadReply("comment", "Write the comment; a file goes beside it.")
    if len(text) > LONGEST:
        raise BadReply("comment", f"Use at most {LONGEST:,} characters.")
    lock(case.tenant, AppealCase, case.id)
    may_read = readers(case)
    named = mentioned(text, {one.id: one.name for one in may_read})
    line: UUID = uuid4()
    for checked in attached:
        files.keep(case, checked, actor=actor, kind=FileKind.NOTE, about_id=line)
    tell(case, Happening.COMMENT, actor=actor, text=text, line_id=line)
    told = [one for one in may_read if one.id in named and one.id != actor.id]
    notify(
        case,
        accounts.get_or_404(case.tenant),
        [one.id for one in told],
        title=f"{actor.label} names you in an appeal",
        text=short(text),
        key=f"appeal-comment:{line}",
        where="/carrier#history",
    )
    return told
