"""Fixtures of the tests about people."""

import shutil

import pytest


@pytest.fixture(autouse=True)
def outbox(settings):
    """The folder of kept mails, empty for each test."""
    shutil.rmtree(settings.outbox_dir, ignore_errors=True)
    return settings.outbox_dir
