"""The simplest right forms, and people who fill them in."""

import re
from datetime import timedelta

from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.values import Content
from tests import cast

ALICE = Actor(cast.ALICE, "Alice Moreno", "tests")
LINKS = {
    "privacy_url": "https://juniper.example/privacy",
    "terms_url": "https://juniper.example/terms",
}
CAROL = {
    "name": "Carol Reyes", "phone": "(312) 555-0142", "email": "carol@example.com",
    "street": "44 Briar St", "city": "Chicago", "state": "IL", "zip": "60614", "agree": "yes",
}  # fmt: skip


def make_form(account, starter="listings-en", name="Open house", **changes):
    """A draft from ready wording with the links in it: ready to be published."""
    with unit_of_work():
        form = optin.begin_form(
            account.tenant, name=name, starter=starter, sender="Juniper Realty",
            help_contact="(312) 555-0100", actor=ALICE,
        )  # fmt: skip
    return edit(form, **(LINKS | changes))


def edit(form, **changes):
    stored = form.draft.to_json() | changes
    with unit_of_work():
        return optin.edit_form(
            form.tenant, form.id, Content.from_json(stored), name=form.name, edits=form.edits,
            actor=ALICE,
        )  # fmt: skip


def publish(form):
    with unit_of_work():
        return optin.publish_form(form.tenant, form.id, edits=form.edits, actor=ALICE)


def make_published(account, **changes):
    form = make_form(account, **changes)
    publish(form)
    return queries.form_or_404(form.tenant, form.id)


def token_of(html: str) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', html)[1]


def fill_in(person, clock, path, *, status=303, wait=5, headers=None, **changes):
    """Open a form, read it as long as a person does, and send it."""
    opened = person.open("GET", path, headers=headers or {})
    clock.travel(by=timedelta(seconds=wait))
    entered = CAROL | {"form_token": token_of(opened.data.decode())} | changes
    target = path.partition("?")[0]
    return person.open("POST", target, status, data=entered, headers=headers or {})
