"""What the tests of leaving share."""

import pytest

from tests.leaving.world import hold_everything


@pytest.fixture
def world(bobs, northside):
    return hold_everything(bobs, northside)
