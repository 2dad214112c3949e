"""Programs of the customer's, and somebody who posts."""

import pytest

from portal.gateways import webhooks
from portal.gateways.webhooks import FakeWebhooks
from tests.factories.integrations import Program, make_key
from tests.factories.messaging import make_ready, make_recipient

CAROL = "+13125550142"


@pytest.fixture
def program(app, northside):
    """A program with a key of Northside that may do everything."""
    return Program(app, make_key(northside)[1])


@pytest.fixture
def ready(northside):
    """Northside, with all it takes to send."""
    make_ready(northside)
    return northside


@pytest.fixture
def carol(ready):
    """Somebody who agreed to be texted by Northside."""
    return make_recipient(ready, CAROL)


@pytest.fixture
def posted(app):
    """What is posted to webhooks, nothing leaving this process."""
    before, fake = webhooks.current(), FakeWebhooks()
    webhooks.use(fake)
    yield fake
    webhooks.use(before)
