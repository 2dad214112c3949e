"""A number that takes calls, and a carrier in memory that places them."""

import pytest

from portal.gateways import numbers as number_gateways
from portal.gateways import voice
from portal.gateways.numbers import Capabilities, FakeNumberGateway, NumberHooks, Owned
from portal.gateways.voice import FakeVoiceGateway
from tests.factories.numbers import make_sender

OURS = "+13125550160"


@pytest.fixture
def sender(northside):
    """Northside's number."""
    return make_sender(northside, OURS, can_voice=True)


@pytest.fixture
def carrier(app, sender):
    """Who places calls in this test; the number's calls lead nowhere there yet."""
    before = voice._in_use, number_gateways.current()
    fake, lessor = FakeVoiceGateway(), FakeNumberGateway()
    lessor.owned[OURS] = Owned(
        sender.carrier_sid, OURS, "Front desk", NumberHooks("x"), Capabilities(voice=True)
    )
    fake.lessor = lessor
    voice.use(fake)
    number_gateways.use(lessor)
    yield fake
    voice.use(before[0])
    number_gateways.use(before[1])
