"""What the house's tests of every route share."""

import pytest

from tests import cast
from tests.house.property import settle


@pytest.fixture
def own(northside):
    """One of everything, so that each route has something to show."""
    return settle(northside, cast.ALICE, cast.NORTHSIDE_TEAM, "+13125550171", "+13125550172")
