"""kill -9, for real, over HTTP: a worker process dies at each step of a send (R2)."""

import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.core import clock as core_clock
from portal.gateways import sms
from portal.messaging.values import State
from portal.numbers import queries as account_numbers
from tests.conftest import NOON
from tests.factories.messaging import make_campaign, make_recipient, only_text
from tests.messaging.world import sweep
from tests.patience import PROCESS_S

OURS = "+13125550123"


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
    place, taken, end, northside, twin, environment, settings, clock
):
    """PROMISES 2.7: the reaper, the list and the day's end settle what the dead one left."""
    person = make_recipient(northside)
    make_campaign(northside, [person])
    offset = str(core_clock.offset().total_seconds())
    command = [sys.executable, "-m", "tests.messaging.doomed", place, str(northside.id)]
    died = subprocess.run(
        [*command, str(settings.var), offset],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PROCESS_S,
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
