"""Fixtures of the tests about people."""

import pytest


@pytest.fixture(autouse=True)
def _begin_without_mails(outbox):
    return
