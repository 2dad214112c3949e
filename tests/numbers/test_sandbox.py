"""A number set up in the pages, at the carrier's twin over HTTP (N-1, X-2)."""

from dataclasses import replace

import pytest

from portal.core import settings as settings_module
from portal.gateways import carrier, registrations, sms
from portal.gateways import numbers as gateways
from portal.numbers import queries
from tests.sandbox.server import run_sandbox


@pytest.fixture
def twin(app, tmp_path):
    """A sandbox whose main account is the installation's; what was in place comes back."""
    before = settings_module.settings(), gateways.current(), sms.current(), registrations.current()
    with run_sandbox(tmp_path / "state", token="f" * 32) as running:
        settings_module.use(
            replace(before[0], twilio_account_sid=running.sid, twilio_auth_token=running.token)
        )
        carrier.connect(running.base_url)
        yield running
        gateways.current()._clients.http.close()
    settings_module.use(before[0])
    gateways.use(before[1])
    sms.use(before[2])
    registrations.use(before[3])


def test_a_number_from_search_to_its_first_webhook(alice, subscribed, twin):
    found = alice.get("numbers.search", query={"area_code": "512"}, account_id=subscribed.id)
    link = found.page.select_one("main td a.btn")["href"]
    form = alice.open("GET", link)
    names = ("name", "e164", "locality", "region", "request_key")
    data = {name: form.field(name) for name in names}
    alice.post("numbers.buy", 303, data, account_id=subscribed.id)
    [sender] = queries.senders(subscribed.id)
    assert (sender.e164[:5], sender.is_ready, sender.is_default) == ("+1512", True, True)
    credentials = queries.credentials(subscribed.organization_id)
    assert credentials.account_sid != twin.sid
    client = twin.client(credentials.account_sid, credentials.auth_token)
    [number] = client.incoming_phone_numbers.list()
    assert number.phone_number == sender.e164
    assert number.sms_url.endswith("/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000")
    [service] = client.messaging.v1.services.list()
    assert (service.sid, service.smart_encoding) == (sender.service_sid, False)
    assert service.use_inbound_webhook_on_number is True
    [pooled] = client.messaging.v1.services(service.sid).phone_numbers.list()
    assert pooled.phone_number == sender.e164


def test_wrong_credentials_of_the_installation_are_told(alice, subscribed, twin):
    """N-6."""
    settings_module.use(replace(settings_module.settings(), twilio_auth_token="0" * 32))
    reply = alice.get("numbers.search", 502, {"area_code": "512"}, account_id=subscribed.id)
    assert "Something went wrong. Please check your Twilio account credentials" in reply.text
