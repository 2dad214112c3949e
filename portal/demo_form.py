"""The demo brokerage's opt-in form, and the people who sign up on it (RULINGS 27)."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.values import Answer, Channel, Content, FormRef, Visit
from portal.texting_accounts.values import AccountRef

_SITE: Final = "https://juniperhomes.example"
_SAID: Final = {
    "privacy_url": f"{_SITE}/privacy",
    "terms_url": f"{_SITE}/terms",
    "sender_address": "214 Wells St, Chicago, IL",
    "tags": ["buyer", "web form"],
    "origins": [_SITE],
}
_PHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1"
# Days ago, where, and what was entered.
SIGN_UPS: Final = (
    (21, Channel.HOSTED, Answer("+13125550151", "Wren", "Abbott", "wren@example.com", "12 Elm St", "Chicago", "IL", "60614")),
    (12, Channel.EMBED, Answer("+17735550152", "Jonah", "Pell", "jonah@example.com", "980 W Lake St", "Chicago", "IL", "60607")),
    (3, Channel.KIOSK, Answer("+18475550153", "Marisol", "Vega", "marisol@example.com", "5 Oak Ave", "Evanston", "IL", "60201")),
)  # fmt: skip


def publish(account: AccountRef, actor: Actor) -> FormRef:
    """Build and publish the account's form."""
    with unit_of_work():
        begun = optin.begin_form(
            account.tenant,
            name="New listings",
            starter="listings-en",
            sender="Juniper Realty",
            help_contact="(312) 555-0100",
            actor=actor,
        )
    with unit_of_work():
        form = optin.edit_form(
            begun.tenant,
            begun.id,
            Content.from_json(begun.draft.to_json() | _SAID),
            name=begun.name,
            edits=begun.edits,
            actor=actor,
        )
    with unit_of_work():
        optin.publish_form(form.tenant, form.id, edits=form.edits, actor=actor)
    return form


def sign_up(form: FormRef, channel: Channel, answer: Answer, *, opened_by: str) -> None:
    """Have somebody fill in the form."""
    is_embed = channel is Channel.EMBED
    visit = Visit(
        nonce=uuid4().hex,
        channel=channel,
        issued_at=clock.utcnow() - timedelta(seconds=48),
        ip="203.0.113.71",
        user_agent=_PHONE,
        page_url=f"{_SITE}/homes/418-alder-ct" if is_embed else "",
        origin=_SITE if is_embed else "",
        opened_by=opened_by if channel is Channel.KIOSK else "",
    )
    with unit_of_work():
        optin.capture(queries.served(form.slug), answer, visit)
