"""An account that is stopped while something of it is half-way, and may go on again (B-1, N-7)."""

from sqlalchemy import select

from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.notifications.models import Notice
from portal.texting_accounts import service as accounts
from tests.factories.billing import end_subscription, make_subscription

STOPS = ("lapsed", "suspended")
SAYS = {
    "lapsed": ("You need an active subscription.", "Open the marketplace"),
    "suspended": ("This account is suspended (a complaint)", "Open the appeal"),
}


def stop(account, how):
    """Let the account be stopped in one of STOPS' ways."""
    if how == "lapsed":
        end_subscription(account)
        return
    with unit_of_work():
        accounts.suspend(account.id, "a complaint", SYSTEM)


def let_go_on(account, how):
    """Lift what stop() did."""
    if how == "lapsed":
        make_subscription(account)
        return
    with unit_of_work():
        accounts.reinstate(account.id, actor=SYSTEM)


def told(words):
    """Return whom notices with these words in their title went to."""
    titles = db.session.execute(select(Notice.title, Notice.user_id)).all()
    return [user for title, user in titles if words in title]
