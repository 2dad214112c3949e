"""The composer as a test presses it."""

from uuid import UUID

from portal.core.db import unit_of_work
from portal.messaging import queries
from portal.messaging.service import optouts
from tests.factories.messaging import ALICE_ACTS

HI = "Hi {first_name}, open house on Saturday at 2."


class Composer:
    """Starts drafts as the contact list's button does; gives what further posts need."""

    def __init__(self, browser, account):
        self.browser, self.account = browser, account

    def __call__(self, people=(), body=None):
        data = {"ids": [str(p.contact.id) for p in people]}
        if body is not None or not people:
            data["body"] = body or ""
        return self.follow(
            self.browser.post("messaging.start_draft", 303, data=data, account_id=self.account.id)
        )

    def follow(self, reply):
        return {"account_id": self.account.id, "draft_id": UUID(reply.location.split("/")[-1])}

    def draft(self, where):
        return queries.draft(self.account.tenant, where["draft_id"], self.browser.user_id)


def press(browser, do, status, data, **where):
    """Press one of the composer's buttons."""
    return browser.post("messaging.save_draft", status, data={**data, "do": do}, **where)


def stop(account, person):
    """Have somebody opt out."""
    with unit_of_work():
        optouts.opt_out(
            account.tenant, person.number.e164, source="staff", details="call", actor=ALICE_ACTS
        )


def total(reply):
    return reply.text_of(".coststrip__cell--total dd")


def cells(reply):
    return dict(zip(reply.texts_of(".coststrip dt"), reply.texts_of(".coststrip dd"), strict=True))


def buttons(reply):
    return reply.texts_of("#actions .btn")


def fates(reply):
    """Return how many go, are held and are blocked."""
    return [int(n) for n in reply.texts_of(".gates__total dd")]
