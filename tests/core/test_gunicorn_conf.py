"""What gunicorn takes of a request by the settings it serves the portal with."""

import runpy
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser

PROXY, PORTAL = ("127.0.0.1", 50_000), ("127.0.0.1", 8000)


@pytest.fixture(scope="module")
def settings():
    config = Config()
    for name, value in runpy.run_module("portal.gunicorn_conf").items():
        if name in config.settings:
            config.set(name, value)
    return config


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script-Name", "PATH_INFO"])
def test_nobody_says_in_a_header_where_the_portal_is_mounted(name, settings):
    """Whoever asked first for a picture would have named the host that all others get it from."""
    sent = f"GET //evil.example/sign-in HTTP/1.1\r\nHost: desk\r\n{name}: //evil.example\r\n\r\n"
    asked = next(RequestParser(settings, iter([sent.encode()]), PROXY))
    _, environ = wsgi.create(
        asked, SimpleNamespace(getsockname=lambda: PORTAL), PROXY, PORTAL, settings
    )
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "//evil.example/sign-in")
