"""A few look-ups at once, and none right after a failure."""

import pytest

from portal.core.errors import GatewayBusy, GatewayRejected
from portal.gateways.few import FewAtOnce


class Watch:
    """A clock that only goes where it is put."""

    at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def few(watch):
    return FewAtOnce(3, pause_s=30.0, now=watch)


def fails(error):
    def look():
        raise error

    return look


def test_the_fourth_finds_no_place_and_waits_for_none(few):
    def inside(depth):
        return few.look(lambda: inside(depth - 1)) if depth else "found"

    assert inside(3) == "found"
    with pytest.raises(GatewayBusy, match="others are waiting"):
        inside(4)


def test_a_place_is_given_back_whatever_happens(few, watch):
    for error in [GatewayRejected("no"), ValueError("a bug"), GatewayBusy("away")] * 2:
        with pytest.raises(type(error)):
            few.look(fails(error))
        watch.at += 31
    assert few.look(lambda: few.look(lambda: few.look(lambda: 1))) == 1


def test_after_a_failure_nobody_looks_for_half_a_minute(few, watch):
    with pytest.raises(GatewayBusy):
        few.look(fails(GatewayBusy("away")))
    watch.at += 29.9
    with pytest.raises(GatewayBusy, match="failed just now"):
        few.look(lambda: 1)
    watch.at += 0.1
    assert few.look(lambda: 1) == 1


def test_a_refusal_is_no_failure(few):
    """It is about one organization; the others are answered."""
    with pytest.raises(GatewayRejected):
        few.look(fails(GatewayRejected("Authenticate", 20003, 401)))
    assert few.look(lambda: 1) == 1
