"""A restored backup knows nothing of the steps that were taken since: they don't go again (I14, R9)."""

from datetime import time, timedelta

import pytest

from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.drips.values import Outcome
from portal.messaging.service import fence
from portal.messaging.service.fence import Waiting
from portal.messaging.values import Kind, State
from tests.drips.conftest import work
from tests.factories.drips import TEN, enrol, make_drip, runs, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipient, texts
from tests.messaging.backups import back_up
from tests.messaging.world import as_listed
from workers import recovery
from workers import sweeps as scheduled


@pytest.fixture
def maya(northside, sender, carrier_fake):
    return make_recipient(northside, first_name="Maya")


@pytest.fixture
def restored(northside, maya, carrier_fake, at, days_pass, tmp_path):
    """A plan of three texts, of which the second left after the backup that was put back."""
    at("2026-03-02 12:00")
    steps = [
        text_step(0, None, "one"),
        text_step(1, TEN, "two, {first_name|there}"),
        text_step(2, time(11), "three"),
    ]
    enrol(northside, make_drip(northside, steps), maya)
    work(northside)
    restore = back_up(tmp_path)
    left = days_pass(1, every=timedelta(hours=1))
    assert [body for _, _, body in left] == ["one", "two, Maya"]
    carrier_fake.listed = [as_listed(text, text.submitted_at) for text in texts(northside)]
    restore()
    with unit_of_work():
        fence.trip_all(fence.FenceCause.OLDER, since=utcnow() - timedelta(days=1))
    return northside.organization_id


def let_go(organization_id, clock):
    """Read the list and say that its strays are understood, as a person does."""
    recovery.mend_fenced()
    clock.travel(by=timedelta(minutes=20))
    recovery.mend_fenced()
    with unit_of_work():
        fence.lift(organization_id, reason="The backup.", waiting=Waiting.DROP, actor=ALICE_ACTS)
    scheduled.release_mended()


def test_a_step_that_left_after_the_backup_is_not_taken_again(
    restored, northside, maya, clock, days_pass
):
    work(northside)  # all sending has stopped
    let_go(restored, clock)
    left = days_pass(3, every=timedelta(hours=1))
    assert [body for _, _, body in left] == ["one", "two, Maya", "three"]
    assert runs(northside, maya) == [(1, Outcome.QUEUED), (2, Outcome.BLOCKED), (3, Outcome.QUEUED)]
    [told] = [text for text in texts(northside, kind=Kind.PLAN) if text.body == "two, Maya"]
    assert (told.state, told.reason_code) == (State.BLOCKED, "gone_before_restore")
