"""What puts people into a plan by itself: a tag, new leads, a form (P-1)."""

from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.web import see_other
from portal.drips.queries import library as queries
from portal.drips.queries import triggers
from portal.drips.service import triggering
from portal.drips.values import DripRef, Source
from portal.drips.views.blueprint import ALL, ONE, bp, keeper, url_of
from portal.optin import queries as forms

_WORDS: Final = {Source.TAG: "tag", Source.FORM: "form"}


@bp.post(f"{ONE}/triggers")
@requires(Permission.SEND_TEXTS)
def add_trigger(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Let a tag, new leads or a form put people into the plan from now on."""
    drip = queries.drip_or_404(keeper(), drip_id)
    try:
        source = Source(request.form.get("source", ""))
    except ValueError:
        raise BadInput("Choose a tag, new leads or a form.") from None
    word = request.form.get(_WORDS[source], "") if source in _WORDS else ""
    try:
        with unit_of_work():
            triggering.add(g.account, drip.id, source, word, actor=me().actor)
    except BadInput as error:
        flash(error.message, "bad")
    else:
        flash("Whoever comes from now on is enrolled. Who has it already is not.", "ok")
    return see_other(f"{url_of(drip)}#by-itself")


@bp.post(f"{ALL}/triggers/<uuid:trigger_id>/removal")
@requires(Permission.SEND_TEXTS)
def drop_trigger(account_id: UUID, trigger_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Let it put nobody into the plan any more."""
    found = next((t for t in triggers.triggers(g.account.tenant) if t.id == trigger_id), None)
    if found is None:
        raise NotFound("We can't find that. Somebody may have removed it already.")
    with unit_of_work():
        triggering.drop(g.account, trigger_id, actor=me().actor)
    flash("It puts nobody into the plan any more. Who is in it stays.", "ok")
    return see_other(url_for("drips.show", account_id=g.account.id, drip_id=found.drip_id))


def by_itself(drip: DripRef) -> dict[str, Any]:
    """Return what puts people into a plan by itself, and what could."""
    tenant = g.account.tenant
    named = {str(form.id): form.name for form in forms.forms(tenant)}
    return {
        "triggers": [
            (one, named.get(one.word, "a form") if one.source is Source.FORM else one.word)
            for one in triggers.triggers(tenant, drip.id)
        ],
        "form_names": named,
    }
