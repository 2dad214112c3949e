"""Twelve reasons why a text is held or blocked, each met in the browser with a way on (S-2, S-11).

Each is brought about as it comes about, read in the composer, and its link is followed.
"""

import pytest
from playwright.sync_api import expect

from portal.billing.models import Subscription
from portal.compliance import service as compliance
from portal.compliance.rules.policy import Edit
from portal.consent.values import Method
from portal.core.db import db, unit_of_work
from portal.gateways import sms
from portal.gateways.sms import FakeSmsGateway
from portal.numbers.models import SenderNumber
from portal.texting_accounts import service as accounts
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
)
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.messaging.composer import HI, Composer
from tests.messaging.talks import hear
from workers.sending import drain

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

MIAMI, GUAM, LOUISVILLE = "+13055550142", "+16715550142", "+15025550142"
LONDON, MAYA, CALLER, TALKER = "+447911123456", "+13125550150", "+13125550151", "+13125550152"
# What stands under "What will happen", the label of the way on, and the page it leads to.
PEOPLE = [
    ("region_blocked", "outside country code 1", "Switch the country on", "Countries"),
    ("revocation_hold", "asked for no more texts", "Read what they wrote", "Asked to stop"),
    ("consent_missing", "no record that this person agreed", "Record consent", "Consent"),
    ("consent_insufficient", "one-to-one", "Record consent", "Consent"),
    ("quiet_hours", "Guam rule: texts go 08:00-21:00", "See the rule", "Hours"),
    ("closed_day", "Kentucky rule: your organization closed this day", "See the rule", "Hours"),
    ("frequency_cap", "Florida rule: at most 3 texts to one person", "See the rule", "Hours"),
]
ACCOUNT = [
    ("account_inactive", "Sending is paused for this account.", "Open the account's settings"),
    ("account_suspended", "The carrier has suspended this account.", "See what to do"),
    ("number_unregistered", "still being registered", "See the registration"),
    ("no_number", "no number to text from yet", "Set up a number"),
    ("no_subscription", "You need an active subscription.", "Choose a plan"),
]


@pytest.fixture
def desk(app, alice, tmp_path):
    """Alice's browser, signed in."""
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        value = alice.client.get_cookie("desk").value
        eye.page.context.add_cookies([{"name": "desk", "value": value, "url": base}])
        eye.base = base
        yield eye


@pytest.fixture
def carrier_fake(app):
    """A carrier that accepts every text."""
    before = sms._in_use
    sms.use(FakeSmsGateway())
    yield
    sms._in_use = before


@pytest.fixture
def people(northside, carrier_fake, clock):
    """Somebody for each reason that concerns one person."""
    make_ready(northside)
    miami = make_recipient(northside, MIAMI)
    for number in range(3):
        make_campaign(northside, [miami], bulk(f"House {number} is open on Saturday."))
        drain(str(northside.id))
    talker = make_recipient(northside, TALKER)
    hear(northside, "Please take me off your list", TALKER)
    with unit_of_work():
        today = clock.now.date()
        compliance.set_hours(
            northside.organization_id, "KY", Edit(closed_days=frozenset({today})), note="Derby",
            holds_from=today, now=clock.now, today=today, actor=ALICE_ACTS,
        )  # fmt: skip
    return [
        miami,
        talker,
        make_recipient(northside, LONDON),
        make_recipient(northside, MAYA, method=None),
        make_recipient(northside, CALLER, method=Method.VERBAL),
        make_recipient(northside, GUAM),
        make_recipient(northside, LOUISVILLE),
    ]


def test_twelve_reasons_each_lead_to_what_mends_them(alice, northside, people, desk):
    where = Composer(alice, northside)(people, HI)
    composer = f"{desk.base}/accounts/{northside.id}/texts/drafts/{where['draft_id']}"
    desk.page.goto(composer)
    desk.look("seven-reasons")
    for _, sentence, label, title in PEOPLE:
        reason = desk.page.locator("#gates li").filter(has_text=sentence)
        follow(desk, reason.get_by_role("link", name=label).first, title)
        desk.page.goto(composer)
    for code, sentence, label in ACCOUNT:
        with unit_of_work():
            BRINGS[code](northside)
        desk.page.goto(composer)
        notice = desk.page.locator("#composer").filter(has_text=sentence)
        follow(desk, notice.get_by_role("link", name=label).first)
        with unit_of_work():
            MENDS[code](northside)
    assert desk.complaints == []


def follow(desk, link, title=""):
    """Press a link; the page it leads to is there and is the one."""
    link.wait_for()
    with desk.page.expect_response(lambda one: one.request.is_navigation_request()) as answer:
        link.click()
    assert answer.value.status == 200
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text(title)


def _set(model, **values):
    def work(account):
        for row in db.session.query(model).filter_by(account_id=account.id):
            for name, value in values.items():
                setattr(row, name, value)

    return work


BRINGS = {
    "account_inactive": lambda a: accounts.pause(a.id, reason="Audit", actor=ALICE_ACTS),
    "account_suspended": lambda a: accounts.suspend(a.id, reason="21610", actor=ALICE_ACTS),
    "number_unregistered": _set(SenderNumber, is_registered=False),
    "no_number": _set(SenderNumber, state="buying"),
    "no_subscription": _set(Subscription, state="ended"),
}
MENDS = {
    "account_inactive": lambda a: accounts.resume(a.id, actor=ALICE_ACTS),
    "account_suspended": lambda a: accounts.reinstate(a.id, note="Lifted", actor=ALICE_ACTS),
    "number_unregistered": _set(SenderNumber, is_registered=True),
    "no_number": _set(SenderNumber, state="ready"),
    "no_subscription": lambda a: None,
}
