"""Signing up by text as a recipient does it: from a handset, through the carrier, over HTTP (Q-6)."""

import threading
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from werkzeug.serving import make_server

from portal.consent import queries as consent
from portal.consent.values import BOTH_KINDS, Method, Strength
from portal.core import settings as settings_module
from portal.core.db import db, unit_of_work
from portal.messaging.rules.joining import JoinWords
from portal.messaging.service import joining
from portal.optin import queries as optin
from tests.factories.messaging import ALICE_ACTS
from tests.factories.optin import fill_in, make_published
from workers.optin import ask_double_opt_in
from workers.sending import drain

OURS, CAROL = "+13125550123", "+13125550142"
WORDS = JoinWords(
    "Juniper Realty", "new listings in Lincoln Park", "Up to 4 messages a month",
    "help@juniper.example", "https://juniper.example/terms", "https://juniper.example/privacy",
)  # fmt: skip


@pytest.fixture
def handset(app, twin, settings, monkeypatch):
    """Carol's handset: what she sends from its page, and what it shows her."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    listening = threading.Thread(target=server.serve_forever, args=(0.02,))
    listening.start()
    public_url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(settings_module, "_settings", replace(settings, public_url=public_url))
    client = twin.client()
    [service] = client.messaging.v1.services.list()
    service.update(use_inbound_webhook_on_number=True)
    [number] = client.incoming_phone_numbers.list()
    number.update(sms_url=f"{public_url}/webhooks/twilio/sms")
    yield Handset(twin)
    server.shutdown()
    listening.join()
    server.server_close()
    client.http_client.session.close()


class Handset:
    def __init__(self, twin):
        self.twin = twin

    def send(self, body):
        """Press Send; it comes back when the portal has taken the text."""
        db.session.rollback()  # an old view of the database ends here
        answer = self.twin.http.request(
            "POST", f"{self.twin.base_url}/handsets",
            body=urlencode({"from": CAROL, "to": OURS, "body": body}),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        assert answer.status == 303

    def shows(self):
        """Let the portal's texts leave and arrive; return the page."""
        self.twin.flush()
        where = f"{self.twin.base_url}/handsets/{CAROL[1:]}?{urlencode({'with': OURS})}"
        return self.twin.http.request("GET", where).data.decode()


def test_a_keyword_from_a_handset_signs_up_and_is_answered_there(northside, handset):
    with unit_of_work():
        joining.set_keyword(
            northside.tenant, "HOMES", WORDS, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
        )
    handset.send("homes!")
    drain(str(northside.id))
    assert "You are signed up to receive texts from Juniper Realty" in handset.shows()
    [record] = consent.records(northside.tenant, CAROL)
    assert (record.method, record.strength) == (Method.JOIN_KEYWORD, Strength.EXPRESS_WRITTEN)
    handset.send("STOP")
    assert consent.standing(northside.tenant, CAROL).is_opted_out


def test_a_yes_from_a_handset_confirms_what_was_entered_on_a_form(
    northside, handset, anyone, clock
):
    form = make_published(northside, is_double_opt_in=True)
    fill_in(anyone, clock, form.path)
    assert consent.standing(northside.tenant, CAROL).strength is Strength.NONE
    waiting = optin.pending_confirmation(northside.tenant, CAROL, clock.now)
    ask_double_opt_in(str(waiting.id))
    drain(str(northside.id))
    assert "Reply YES to confirm" in handset.shows()
    handset.send("Yes")
    drain(str(northside.id))
    assert "you are signed up" in handset.shows()
    assert consent.standing(northside.tenant, CAROL).strength is Strength.EXPRESS_WRITTEN
    confirmed = consent.records(northside.tenant, CAROL)[0]
    assert confirmed.evidence.sha256 == optin.served(form.slug).page_sha256
