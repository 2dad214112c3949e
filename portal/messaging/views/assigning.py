"""Giving a conversation to somebody of the account, or taking it (Q-5)."""

from uuid import UUID

from flask import Response, flash, g, request

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import see_other, wants_partial
from portal.messaging import queries
from portal.messaging.errors import AssignedMeanwhile
from portal.messaging.service import assigning
from portal.messaging.views.blueprint import bp
from portal.messaging.views.conversation import show
from portal.messaging.views.inbox import conversation_url
from portal.messaging.views.talking import changed
from portal.messaging.views.typed import identifier

_NOBODY_KNOWN = "This is not the id of a person. Reload the conversation and choose again."


@bp.post("/accounts/<uuid:account_id>/conversations/<uuid:conversation_id>/assignee")
@requires(Permission.SEND_TEXTS)
def assign(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Give the conversation to who was chosen; nobody is a choice, too."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    to, was = _person("to"), _person("was")
    try:
        with unit_of_work():
            assigning.assign(g.account, ref.id, to, was=was, actor=me().actor)
    except AssignedMeanwhile as error:
        flash(error.message, "bad")  # above the conversation as it is now
    if not wants_partial():
        return see_other(conversation_url(conversation_id))
    return changed(show(queries.conversation_by_id(g.account.tenant, conversation_id)))


def _person(field: str) -> UUID | None:
    asked = request.form.get(field, "")
    return identifier(asked, f"{field}: {_NOBODY_KNOWN}") if asked else None
