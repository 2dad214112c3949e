"""Registers the demo brokerage with the carriers, so that its numbers text at once (RULINGS 27)."""

from typing import Final
from uuid import UUID

import click

from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.values import RegistrationRef, State

_SAID: Final = {
    "legal_name": "Juniper Realty LLC",
    "ein": "36-4012345",
    "website": "https://juniperhomes.example",
    "street": "214 Wells St",
    "city": "Chicago",
    "state": "IL",
    "postal_code": "60606",
    "tier": "standard",
    "title": "Managing broker",
    "position": "CEO",
    "phone": "(312) 555-0100",
}
_MOST_STEPS: Final = 60


def register(organization_id: UUID, actor: Actor) -> RegistrationRef:
    """Fill the registration in from the published form, send it in, and see it through."""
    with unit_of_work():
        begun = registrations.begin(organization_id, actor=actor)
    with unit_of_work():
        draft = registrations.save(begun.tenant, begun.id, _SAID, edits=begun.edits, actor=actor)
    seen = registrations.look(draft)
    with unit_of_work():
        registrations.keep_seen(draft.tenant, draft.id, seen)
    with unit_of_work():
        registrations.submit(draft.tenant, draft.id, actor=actor)
    for _ in range(_MOST_STEPS):
        with unit_of_work():
            order = registrations.claim(draft.id)
        if order is None:
            break
        outcome = registrations.carry_out(order)
        with unit_of_work():
            registrations.settle(order, outcome)
    known = queries.get_or_404(draft.tenant, draft.id)
    if known.state is not State.REGISTERED:
        raise click.ClickException("The sandbox did not register the demo brokerage.")
    return known
