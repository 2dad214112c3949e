"""A carrier in memory, put in place for one test."""

from dataclasses import replace

import pytest

from portal.core import settings as settings_module
from portal.gateways import numbers as gateways
from portal.gateways.numbers import Available, Capabilities, FakeNumberGateway
from tests.factories.billing import make_subscription

STOCK = [
    Available("+13125550160", "Chicago", "IL", Capabilities(sms=True, mms=True, voice=True)),
    Available("+13125550177", "Chicago", "IL", Capabilities(sms=True, mms=True, voice=True)),
    Available("+15125550161", "Austin", "TX", Capabilities(sms=True, mms=False, voice=True)),
]


@pytest.fixture
def lessor(app):
    """The carrier of this test; what was in place comes back after it."""
    before = gateways.current()
    fake = FakeNumberGateway(stock=list(STOCK))
    gateways.use(fake)
    yield fake
    gateways.use(before)


@pytest.fixture
def subscribed(northside):
    """Northside with a subscription."""
    make_subscription(northside)
    return northside


@pytest.fixture
def real_carrier(app, monkeypatch):
    """Settings as with real credentials: no sandbox."""
    real = replace(settings_module.settings(), is_sandbox=False)
    monkeypatch.setattr("portal.numbers.service.buying.settings", lambda: real)
