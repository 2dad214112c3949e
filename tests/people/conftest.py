import shutil

import pytest

from tests import browser, pagelint

_check = pagelint.check


@pytest.fixture(autouse=True)
def _redirects(monkeypatch):
    monkeypatch.setattr(browser.pagelint, "check", lambda app, html: [] if "<title>Redirecting" in html else _check(app, html))


@pytest.fixture(autouse=True)
def outbox(settings):
    """The folder of kept mails, empty for each test."""
    shutil.rmtree(settings.outbox_dir, ignore_errors=True)
    return settings.outbox_dir
