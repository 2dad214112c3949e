"""What a request says of a text being written, and keeping it so that nothing typed is lost."""

from typing import Final
from uuid import UUID

from flask import g, request

from portal.contacts import service as contacts
from portal.contacts.values import ContactDetails, ContactFilter, NewNumber, Selection
from portal.core import clock
from portal.core.access import me
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.typed import line
from portal.messaging import queries
from portal.messaging.forms.composing import ComposeForm, chosen_numbers
from portal.messaging.queries import saved
from portal.messaging.rules import segments
from portal.messaging.rules.saved import joined
from portal.messaging.service import drafts
from portal.messaging.values import DraftRef
from portal.messaging.views.chips import Look

_LIST_VERBS: Final = frozenset({"remove", "add", "add_tag", "add_number"})
_NO_CONTACT: Final = "people: this is not the id of a contact. Choose the person again."
NO_SAVED: Final = "This is not the id of a saved reply. Choose it again."
PICKED: Final = "use_saved"  # a button with the id of a saved reply
_VIEWS: Final = ("", "all", "held", "blocked")


def keep(draft_id: UUID, *, with_actions: bool = True) -> None:
    """Store all that was typed, then do what else the form asks of the list or the text."""
    form, sent, actor = ComposeForm(), request.form, me().actor
    tenant = g.account.tenant
    with unit_of_work():
        written = queries.draft(tenant, draft_id, me().user_id)
        body = form.body.data if "body" in sent else written.body
        if with_actions and "replace" in sent:
            body = segments.replace(body)
        drafts.edit_draft(
            tenant,
            draft_id,
            body=body,
            name=form.name.data if "name" in sent else None,
            options={**written.options, **form.options(sent)},
            actor=actor,
        )
        for contact_id, number_id in chosen_numbers(sent).items():
            if written.numbers.get(contact_id) != number_id and contact_id in written.contact_ids:
                drafts.choose_number(tenant, draft_id, contact_id, number_id, actor=actor)
    if with_actions and _LIST_VERBS & set(sent):
        with unit_of_work():  # of its own: what was typed stays, whatever becomes of this
            _change_list(draft_id)
    if with_actions and PICKED in sent:
        with unit_of_work():
            _add_saved(draft_id)


def _add_saved(draft_id: UUID) -> None:
    """Write saved words below what was typed, fields as they are: each is filled in at the send."""
    by, sent, tenant = saved.reader(g.account, me()), request.form, g.account.tenant
    words = saved.saved_or_404(by, identifier(sent[PICKED], NO_SAVED)).body
    body = joined(queries.draft(tenant, draft_id, me().user_id).body, words)
    drafts.edit_draft(tenant, draft_id, body=body, actor=me().actor)


def _change_list(draft_id: UUID) -> None:
    """Take somebody off the list or put somebody on it, as the pressed button says."""
    sent, tenant, actor = request.form, g.account.tenant, me().actor
    if "remove" in sent:
        drafts.remove_recipient(tenant, draft_id, identifier(sent["remove"]), actor=actor)
    if "add" in sent:
        drafts.add_recipients(tenant, draft_id, [identifier(sent["add"])], actor=actor)
    if sent.get("add_tag"):
        tagged = Selection(matching=ContactFilter(tag=line(sent["add_tag"])))
        drafts.add_recipients(tenant, draft_id, tagged, actor=actor)
    if sent.get("add_number"):
        details = ContactDetails(numbers=(NewNumber(line(sent["add_number"])),))
        known = contacts.create_contact(tenant, details, actor=actor)
        drafts.add_recipients(tenant, draft_id, [known.id], actor=actor)


def look_of(*, whole: bool) -> Look:
    """Return what part of the list the request wants to see, from its form or address.

    Raises BadInput for an address that asks for no such part; a form is kept first, never refused.
    """
    given = request.values
    view, start = (given.getlist(name)[-1] if name in given else "" for name in ("people", "start"))
    if request.method == "GET":
        _check_look(view, start)
    return Look(
        view if view in _VIEWS else "",  # type: ignore[arg-type]  # just looked up
        int(start) if start.isdecimal() and len(start) <= 6 else 0,
        line(given.get("find", "")),
        whole=whole,
    )


def _check_look(view: str, start: str) -> None:
    if view not in _VIEWS:
        raise BadInput(f"people: choose one of {', '.join(filter(None, _VIEWS))}.")
    if start and not (start.isdecimal() and len(start) <= 6):
        raise BadInput("start: give the place in the list as a number from 0 to 999999.")


def told(chosen: Selection) -> str:
    """Return how the list came about, in words."""
    if chosen.matching is None:
        return ""
    words = [v for k, v in chosen.matching.fields().items() if k != "reach"]
    return f"filter “{', '.join(words)}”" if words else "everybody"


def identifier(text: str, refusal: str = _NO_CONTACT) -> UUID:
    """Return the id a button stands for. Raises BadInput."""
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(refusal) from None


def unsaved(body: str) -> DraftRef:
    """Return what was typed on an empty page as a draft that is not kept yet."""
    nobody = UUID(int=0)
    return DraftRef(
        id=nobody,
        account_id=g.account.id,
        author_id=me().user_id,
        body=body,
        contact_ids=(),
        numbers={},
        name="",
        options={},
        nonce="",
        updated_at=clock.utcnow(),
    )
