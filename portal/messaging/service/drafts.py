"""Texts being written: rows, so that nothing typed or chosen is ever lost."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, select

from portal.contacts import queries as contacts
from portal.contacts.values import Selection
from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import TextDraft
from portal.messaging.service import attaching
from portal.messaging.values import FILES
from portal.texting_accounts.values import AccountRef

MOST_RECIPIENTS = 50_000
LONGEST_OPTION = 500
_NOT_HERE = "This text is no longer here. It may have been sent or thrown away."


def start_draft(
    account: AccountRef,
    chosen: Selection | Sequence[UUID],
    *,
    actor: Actor,
    body: str = "",
    name: str = "",
) -> UUID:
    """Begin a text to the people chosen, and return its id. Raises BadInput for too many."""
    ids = _ids(account.tenant, chosen)
    draft = TextDraft(
        organization_id=account.organization_id,
        account_id=account.id,
        author_id=_author(actor),
        name=name[:200],
        body=body,
        contact_ids=_checked(ids),
        numbers={},
        options={},
        nonce=secrets.token_hex(16),
    )
    db.session.add(draft)
    db.session.flush()  # the page is named after the id
    return draft.id


def edit_draft(
    tenant: Tenant,
    draft_id: UUID,
    *,
    actor: Actor,
    body: str | None = None,
    name: str | None = None,
    options: Mapping[str, str] | None = None,
) -> None:
    """Keep what was typed; what is None stays. Raises NotFound."""
    draft = _own(tenant, draft_id, actor)
    if body is not None:
        draft.body = body
    if name is not None:
        draft.name = name[:200]
    if options is not None:
        draft.options = {key[:40]: value[:LONGEST_OPTION] for key, value in options.items()}
    draft.updated_at = clock.utcnow()


def add_recipients(
    tenant: Tenant, draft_id: UUID, chosen: Selection | Sequence[UUID], *, actor: Actor
) -> None:
    """Put more people on the list, each once. Raises NotFound or BadInput."""
    draft = _own(tenant, draft_id, actor)
    known = [UUID(id_) for id_ in draft.contact_ids]
    draft.contact_ids = _checked(dict.fromkeys([*known, *_ids(tenant, chosen)]))
    draft.updated_at = clock.utcnow()


def remove_recipient(tenant: Tenant, draft_id: UUID, contact_id: UUID, *, actor: Actor) -> None:
    """Take one person off the list (K-3). Raises NotFound for a stranger's draft."""
    draft = _own(tenant, draft_id, actor)
    draft.contact_ids = [id_ for id_ in draft.contact_ids if id_ != str(contact_id)]
    draft.numbers = {c: n for c, n in draft.numbers.items() if c != str(contact_id)}
    draft.updated_at = clock.utcnow()


def choose_number(
    tenant: Tenant, draft_id: UUID, contact_id: UUID, number_id: UUID, *, actor: Actor
) -> None:
    """Text a person at another of their numbers (K-2). Raises NotFound."""
    draft = _own(tenant, draft_id, actor)
    contact = contacts.get_or_404(tenant, contact_id)
    if all(number.id != number_id for number in contact.numbers):
        raise NotFound("This person has no such number.")
    draft.numbers = {**draft.numbers, str(contact_id): str(number_id)}
    draft.updated_at = clock.utcnow()


def attach_files(tenant: Tenant, draft_id: UUID, file_ids: Sequence[UUID], *, actor: Actor) -> None:
    """Have exactly these files go with a draft. Raises NotFound, FileGone or FileRefused."""
    draft = _own(tenant, draft_id, actor)
    attaching.check(tenant, file_ids)
    draft.options = {**draft.options, FILES: ",".join(id_.hex for id_ in file_ids)}
    draft.updated_at = clock.utcnow()


def discard_draft(tenant: Tenant, draft_id: UUID, *, actor: Actor) -> None:
    """Throw a draft away, or clear it up once it is sent. Raises NotFound once it is gone."""
    gone = db.session.execute(
        delete(TextDraft)
        .where(
            owned(tenant, TextDraft),
            TextDraft.id == draft_id,
            TextDraft.author_id == _author(actor),
        )
        .returning(TextDraft.id)
    ).first()
    if gone is None:
        raise NotFound(_NOT_HERE)


def _own(tenant: Tenant, draft_id: UUID, actor: Actor) -> TextDraft:
    draft = db.session.scalar(
        select(TextDraft)
        .where(
            owned(tenant, TextDraft),
            TextDraft.id == draft_id,
            TextDraft.author_id == _author(actor),
        )
        .with_for_update()
    )
    if draft is None:
        raise NotFound(_NOT_HERE)
    return draft


def _ids(tenant: Tenant, chosen: Selection | Sequence[UUID]) -> list[UUID]:
    """Return the contacts chosen that are the tenant's own."""
    selection = chosen if isinstance(chosen, Selection) else Selection(ids=tuple(chosen))
    return [contact.id for batch in contacts.selected(tenant, selection) for contact in batch]


def _checked(ids: Iterable[UUID]) -> list[str]:
    wanted = [str(id_) for id_ in ids]
    if len(wanted) > MOST_RECIPIENTS:
        raise BadInput(
            f"A text goes to at most {MOST_RECIPIENTS:,} people; this list has {len(wanted):,}. "
            "Narrow the list and send in parts."
        )
    return wanted


def _author(actor: Actor) -> UUID:
    assert actor.id is not None  # only people write drafts
    return actor.id
