"""Choosing a saved reply where one writes: its words go into the box, and nothing is sent (Q-5)."""

from typing import Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.web import page, see_other, takes, wants_partial
from portal.messaging import queries
from portal.messaging.forms.talking import ReplyForm
from portal.messaging.queries import saved as reads
from portal.messaging.rules.saved import joined
from portal.messaging.service import saved as service
from portal.messaging.views import conversation
from portal.messaging.views.blueprint import bp
from portal.messaging.views.choices import choices
from portal.messaging.views.inbox import conversation_url
from portal.messaging.views.talking import is_lead, recipient_of
from portal.messaging.views.typed import NO_SAVED, PICKED, identifier

_TALK: Final = "/accounts/<uuid:account_id>/conversations/<uuid:conversation_id>/saved-replies"


@bp.get("/accounts/<uuid:account_id>/texts/saved-replies")
@requires(Permission.SEND_TEXTS)
@takes("q")
def text_choices(account_id: UUID) -> Response:
    """List saved replies in the composer, whose own buttons put them into the text."""
    if not wants_partial():
        return see_other(url_for("messaging.compose", account_id=account_id, saved=1))
    return _list(None)


@bp.get(_TALK)
@requires(Permission.SEND_TEXTS)
@takes("q")
def reply_choices(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """List saved replies beside the box of an answer."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    if not wants_partial():
        return see_other(conversation_url(ref.id))
    return _list(request.path)


@bp.post(_TALK)
@requires(Permission.SEND_TEXTS)
def use_in_reply(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Write saved words for this person below what was typed; or, without script, list them."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    form = ReplyForm()
    if PICKED not in request.form:
        return conversation.show(ref, reply_form=form, saved=choices())
    by = reads.reader(g.account, me())
    found = reads.saved_or_404(by, identifier(request.form[PICKED], NO_SAVED))
    worded = service.for_person(
        g.account,
        recipient_of(ref).contact,
        found.body,
        is_named=not is_lead(ref.name, ref.e164),
    )
    form.body.data = joined(form.body.data or "", worded.body)
    if worded.missing:
        fields = " and ".join(f"{{{name}}}" for name in worded.missing)
        flash(f"Write something in place of {fields}: we don't know it.")
    return conversation.show(ref, reply_form=form)


def _list(into: str | None) -> Response:
    listed = "messaging/_saved_choices.html"
    return page(listed, listed, saved=choices(request.args.get("q", ""), is_short=True), into=into)
