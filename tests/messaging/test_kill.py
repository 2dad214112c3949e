"""kill -9, for real, over HTTP: a worker process dies at each step of a send (R2)."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.core import clock as core_clock
from portal.core.settings import fernet_key
from portal.gateways import carrier, numbers, sms
from portal.messaging.values import State
from portal.numbers import queries as account_numbers
from tests.conftest import NOON
from tests.factories.billing import make_subscription
from tests.factories.messaging import make_campaign, make_recipient, only_text
from tests.factories.numbers import make_carrier_account, make_sender
from tests.messaging.world import sweep
from tests.sandbox.server import run_sandbox

OURS = "+13125550123"


@pytest.fixture
def twin(northside, tmp_path):
    """A sandbox over HTTP that owns Northside's number; the portal's gateways talk to it."""
    before = sms._in_use, numbers._in_use
    with run_sandbox(tmp_path / "carrier") as sandbox:
        carrier.connect(sandbox.base_url)
        client = sandbox.client()
        bought = client.incoming_phone_numbers.create(phone_number=OURS)
        service = client.messaging.v1.services.create(friendly_name="Juniper Realty")
        service.phone_numbers.create(phone_number_sid=bought.sid)
        make_carrier_account(
            northside.organization_id,
            account_sid=sandbox.sid,
            auth_token=sandbox.token,
            service_sid=service.sid,
        )
        make_subscription(northside)
        make_sender(northside, e164=OURS, segments_per_second=1000)
        yield sandbox
        sms.current()._clients.http.close()
        client.http_client.session.close()
    sms._in_use, numbers._in_use = before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "taken", "end"),
    [
        ("in_t2", 1, {State.ACCEPTED, State.SENT, State.DELIVERED}),
        ("before_post", 0, {State.UNCONFIRMED}),
        ("after_post", 1, {State.ACCEPTED, State.SENT, State.DELIVERED}),
        ("in_t3", 1, {State.ACCEPTED, State.SENT, State.DELIVERED}),
    ],
)
def test_a_killed_worker_doubles_nothing_and_loses_nothing(
    place, taken, end, northside, twin, settings, clock
):
    """PROMISES 2.7: the reaper, the list and the day's end settle what the dead one left."""
    person = make_recipient(northside)
    make_campaign(northside, [person])
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url.replace("postgresql+psycopg", "postgresql"),
        "REDIS_URL": settings.redis_url,
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEYS": fernet_key("tests"),
        "TWILIO_ACCOUNT_SID": twin.sid,
        "TWILIO_AUTH_TOKEN": twin.token,
        "TWILIO_API_BASE": twin.base_url,
    }
    offset = str(core_clock.offset().total_seconds())
    command = [sys.executable, "-m", "tests.messaging.doomed", place, str(northside.id)]
    died = subprocess.run(
        [*command, str(settings.var), offset],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr

    for pause in (61, 120, 600, 3600, 12 * 3600, 12 * 3600):
        clock.travel(by=timedelta(seconds=pause))
        sweep(northside)
    credentials = account_numbers.credentials(northside.organization_id)
    listed = sms.current().find(credentials, person.number.e164, NOON)
    created = [one for one in listed if one.body.startswith("Open house")]
    assert len(created) == taken
    text = only_text(northside)
    assert text.state in end
    assert billing.balance(northside.id).spent == taken
    assert billing.balance(northside.id).reserved == 0
