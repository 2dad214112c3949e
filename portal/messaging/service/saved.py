"""Saved replies and team templates: keeping, changing, archiving; and their words for one person.

What is kept is checked as in the composer (H-1): what it blocks is not kept until it is changed or
an officer released it. A warning does not hinder keeping; whoever sends the words answers it.
"""

from typing import Any, Final
from uuid import UUID, uuid4

from portal.contacts.values import ContactRef
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotAllowed
from portal.messaging.errors import ChangedMeanwhile, NameTaken
from portal.messaging.models import SavedReply
from portal.messaging.queries import saved as queries
from portal.messaging.queries.saved import SavedRef
from portal.messaging.rules import merge, saved
from portal.messaging.rules.merge import Merged, MergeError
from portal.messaging.rules.saved import MOST_KEPT, Place, Reader
from portal.messaging.service import facts, linting, naming, wording
from portal.messaging.values import Draft, Kind
from portal.numbers import queries as numbers
from portal.texting_accounts.values import AccountRef

_NOT_YOURS: Final = "Team leads change what a team or everybody shares. Save a copy of your own."


def keep(
    account: AccountRef, by: Reader, place: Place, *, name: str, body: str, actor: Actor
) -> UUID:
    """Keep new words, and return their id.

    Raises NotAllowed for a place of others, NameTaken, BadInput where no more fit, MergeError or
    EmptyText, and LintBlocks.
    """
    _need(by, place)
    _check(account, body)
    _check_room(by.organization_id, place)
    row = SavedReply(
        id=uuid4(),
        organization_id=by.organization_id,
        user_id=place.user_id,
        team_id=place.team_id,
        **_named(name),
        body=body.strip(),
        changed_at=clock.utcnow(),
        changed_by=actor.label[:200],
    )
    _check_name(by.organization_id, place, row.name)
    db.session.add(row)
    with naming.named_once(row.name):
        db.session.flush()
    _record("keep", by, place, row.id, actor, name=row.name, body=row.body)
    return row.id


def change(
    account: AccountRef,
    by: Reader,
    reply_id: UUID,
    *,
    name: str,
    body: str,
    edits: int,
    actor: Actor,
) -> None:
    """Put new words in place of the old ones; `edits` is what the person saw.

    The old ones stay in the audit log. Raises ChangedMeanwhile where somebody was faster, and
    what `keep` raises.
    """
    before = queries.saved_or_404(by, reply_id)
    _need(by, before.place)
    if before.edits != edits or before.archived_at is not None:
        raise ChangedMeanwhile(before.changed_by)
    new = {**_named(name), "body": body.strip()}
    if (new["name"], new["body"]) == (before.name, before.body):
        return
    _check(account, body)
    _check_name(by.organization_id, before.place, new["name"], reply_id)
    naming.change(SavedReply, by.organization_id, before, new, actor)
    _record("change", by, before.place, reply_id, actor, name=new["name"], body=new["body"])


def archive(by: Reader, reply_id: UUID, *, actor: Actor) -> SavedRef:
    """Take words out of use; a second time changes nothing. They can be taken back."""
    before = queries.saved_or_404(by, reply_id)
    _need(by, before.place)
    if before.archived_at is None:
        gone = {"archived_at": clock.utcnow()}
        naming.change(SavedReply, by.organization_id, before, gone, actor)
        _record("archive", by, before.place, reply_id, actor, name=before.name)
    return before


def restore(by: Reader, reply_id: UUID, *, actor: Actor) -> SavedRef:
    """Take archived words into use again. Raises NameTaken, or BadInput where no more fit."""
    before = queries.saved_or_404(by, reply_id)
    _need(by, before.place)
    if before.archived_at is not None:
        _check_room(by.organization_id, before.place)
        _check_name(by.organization_id, before.place, before.name, reply_id)
        naming.change(SavedReply, by.organization_id, before, {"archived_at": None}, actor)
        _record("restore", by, before.place, reply_id, actor, name=before.name)
    return before


def for_person(account: AccountRef, contact: ContactRef, body: str, *, is_named: bool) -> Merged:
    """Return saved words as a text to one person, to be looked at and changed before it goes.

    What is not known of them stays a field; a number that stands for a name (K-6) is no name.
    Words that are no template any more come as they are.
    """
    known = {**contact.merge_values(), **own_values(account)}
    if not is_named:
        known = {field: value for field, value in known.items() if field not in _NAMES}
    try:
        return merge.fill(body, known)
    except MergeError:
        return Merged(body, ())


_NAMES: Final = frozenset({"first_name", "last_name", "full_name"})


def own_values(account: AccountRef) -> dict[str, str]:
    """Return what fields say of the sender in this account."""
    return facts.merge_values(account, numbers.default_sender(account.id))


def _need(by: Reader, place: Place) -> None:
    if not by.may_change(place):
        raise NotAllowed(_NOT_YOURS)


def _check(account: AccountRef, body: str) -> None:
    """Raise what the composer would say of these words."""
    draft = Draft(body, Kind.ONE_TO_ONE)
    wording.check(draft)
    linting.check(linting.verdict(account, draft, None), linting.SENT_BEFORE)


def _check_room(organization_id: UUID, place: Place) -> None:
    if queries.kept_at(organization_id, place) >= MOST_KEPT:
        raise BadInput(f"{MOST_KEPT} are kept here, and no more fit. Archive one first.")


def _check_name(
    organization_id: UUID, place: Place, name: str, reply_id: UUID | None = None
) -> None:
    taken = queries.named(organization_id, place, saved.name_key(name))
    if taken is not None and taken != reply_id:
        raise NameTaken(name)


def _named(name: str) -> dict[str, str]:
    return {"name": saved.tidy_name(name), "name_key": saved.name_key(name)}


def _record(verb: str, by: Reader, place: Place, reply_id: UUID, actor: Actor, **said: Any) -> None:
    audit.record(
        f"messaging:saved-reply:{verb}",
        actor=actor,
        organization_id=by.organization_id,
        subject_id=reply_id,
        shelf=place.shelf.value,
        team_id=str(place.team_id or ""),
        **said,
    )
