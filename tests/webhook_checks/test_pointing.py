"""Numbers that lead elsewhere at the carrier are found and pointed here again (issue 6)."""

import json
from dataclasses import replace

import pytest

from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected
from portal.gateways import numbers as gateways
from portal.gateways import webhooks
from portal.gateways.numbers import Capabilities, FakeNumberGateway, NumberHooks, Owned
from portal.gateways.webhooks import FakeWebhooks
from portal.numbers import rules
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.numbers import make_sender

OURS = rules.hooks("http://localhost")
OLD = NumberHooks("https://old.example.com/sms#rc=5", "", "")


@pytest.fixture
def carrier(app, northside):
    """A carrier with one number that leads here, one that leads elsewhere, and one gone."""
    before = gateways.current(), webhooks.current()
    fake = FakeNumberGateway()
    for e164, hooks in (("+13125550160", OURS), ("+13125550161", OLD), ("+13125550162", None)):
        sender = make_sender(northside, e164, name=f"Line {e164[-2:]}")
        if hooks:
            fake.owned[e164] = Owned(sender.carrier_sid, e164, "x", hooks, Capabilities(sms=True))
    gateways.use(fake)
    webhooks.use(FakeWebhooks())
    yield fake
    gateways.use(before[0])
    webhooks.use(before[1])


def _ask(person, endpoint="check"):
    person.post(f"webhook_checks.{endpoint}", 303, organization_id=cast.JUNIPER)
    return person.get("webhook_checks.index", organization_id=cast.JUNIPER)


def test_numbers_that_lead_elsewhere_are_listed_and_pointed_here_with_one_click(alice, carrier):
    shown = _ask(alice).text_of("#strays")
    assert "Line 61 (312) 555-0161 https://old.example.com/sms Nowhere" in shown
    assert "Line 62 (312) 555-0162 Not in your account at the carrier any more." in shown
    assert "Line 60" not in shown
    shown = _ask(alice, "point").text
    assert "1 number pointed here." in shown
    assert "Line 61" not in shown
    assert carrier.owned["+13125550161"].hooks == OURS
    entries = [e.event for e in audit.entries(cast.JUNIPER)]
    assert entries.count("webhook-checks:number:point") == 1
    carrier.calls.clear()
    _ask(alice, "point")
    assert "set_webhooks" not in carrier.calls, "saying so twice changes nothing"


@pytest.mark.parametrize(
    ("failures", "words"),
    [
        ({"list_owned": [GatewayBusy("no")] * 3}, "Twilio could not be reached."),
        ({"list_owned": [GatewayRejected("x", 20003, 401)] * 3}, "Twilio returned Unauthorized."),
    ],
)
def test_a_carrier_that_does_not_tell_is_no_fault_of_the_call(vera, carrier, failures, words):
    carrier.failures = failures
    assert words in _ask(vera).text_of("#strays")
    assert words in _ask(vera, "point").text_of("#flash")


def test_a_suspended_account_is_named_before_anything_is_pointed(
    alice, mallory, northside, carrier
):
    here = {"organization_id": cast.JUNIPER}
    assert "suspended" not in alice.get("webhook_checks.index", **here).text
    with unit_of_work():
        accounts.suspend(northside.id, "a complaint.", SYSTEM)
    page = alice.get("webhook_checks.index", **here)
    assert "Northside is suspended (a complaint)." in page.text_of(".notice--warn")
    theirs = {"organization_id": cast.LAKEVIEW_HOMES}
    assert "suspended" not in mallory.get("webhook_checks.index", **theirs).text


def test_a_number_that_can_not_be_pointed_says_so(alice, carrier):
    carrier.failures = {"set_webhooks": [GatewayRejected("no", 21402, 400)]}
    assert "Twilio would not set the number up." in _ask(alice, "point").text


def test_what_was_pointed_before_one_failed_is_in_the_audit_log(alice, northside, carrier):
    make_sender(northside, "+13125550163", name="Line 63")
    owned = carrier.owned["+13125550161"]
    carrier.owned["+13125550163"] = replace(owned, sid="PN" + "9" * 32, e164="+13125550163")
    set_webhooks, refused = carrier.set_webhooks, GatewayRejected("no", 21402, 400)

    def fails_at_the_second(*asked, **more):
        if "set_webhooks" in carrier.calls:
            raise refused
        set_webhooks(*asked, **more)

    carrier.set_webhooks = fails_at_the_second
    shown = _ask(alice, "point")
    assert "1 number pointed here. Twilio would not set the number up." in shown.text_of("#flash")
    assert "Line 63" in shown.text_of("#strays")
    assert "Line 61" not in shown.text_of("#strays"), "the list is looked at anew"
    [entry] = [e for e in audit.entries(cast.JUNIPER) if e.event == "webhook-checks:number:point"]
    assert json.loads(entry.payload)["number"] == "+13125550161"


def test_a_number_the_list_lacks_is_asked_for_by_itself(alice, carrier, monkeypatch):
    monkeypatch.setattr(carrier, "list_owned", lambda *asked: [])
    shown = _ask(alice).text_of("#strays")
    assert "Line 61 (312) 555-0161 https://old.example.com/sms Nowhere" in shown
    assert "Line 60" not in shown
    assert shown.count("Not in your account at the carrier any more.") == 1
