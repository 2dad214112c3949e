"""What people store runs nowhere in a real browser either (S4): 0 dialogs, 0 violations of the policy.

Chromium opens every page of the poisoned database, with whatever it fetches by itself.
"""

import threading
from contextlib import contextmanager

import pytest
from werkzeug import Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from portal.core.db import unit_of_work
from tests.house.payloads import poison
from tests.house.readers import Reader
from tests.journeys.chromium import chromium, needs_chromium

pytestmark = [
    *needs_chromium,
    pytest.mark.pages,
    pytest.mark.slow,
    pytest.mark.xdist_group("journeys"),
]
RAW = "<!doctype html><title>x</title><p>x<img src=/x onerror=xss(1)>"
# Payloads call xss(): it would tell; and the policy tells what it kept from running.
TELLING = """
window.xss = (number) => alert("xss " + number);
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI));
"""
DRAWN = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


class Watched:
    """A browser tab that tells what ran, what the policy stopped, and where it went."""

    def __init__(self, page, base):
        self.page, self.base, self.told = page, base, []
        page.add_init_script(TELLING)
        page.on("dialog", self._dialog)
        page.on("console", self._console)
        page.on("request", self._request)

    def open(self, url):
        self.told.clear()
        self.page.goto(self.base + url, wait_until="load")
        self.page.evaluate(DRAWN)
        return list(self.told)

    def _dialog(self, dialog):
        self.told.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message):
        if "policy: " in message.text or "Content Security Policy" in message.text:
            self.told.append(message.text)

    def _request(self, request):
        if not request.url.startswith(self.base + "/"):
            self.told.append(f"left for {request.url}")


@contextmanager
def served(app):
    """Answer on a port as `app` does, uncompressed; give the address. Ends with the last answer."""

    def plain(environ, start_response):
        return app({**environ, "HTTP_ACCEPT_ENCODING": "identity"}, start_response)

    server = make_server("127.0.0.1", 0, plain, threaded=True)
    server.daemon_threads = False
    listening = threading.Thread(target=server.serve_forever, args=(0.02,))
    listening.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        listening.join()
        server.server_close()


def test_nothing_that_is_stored_runs_in_chromium(app, alice, own, tmp_path):
    with unit_of_work():
        poison(1)
    reader = Reader(alice, own)
    pages = [url for url, html in reader.read() if "<html" in html and "xss" in html]
    urls = [url for url in pages if url not in reader.handed_out]
    policy = alice.client.get("/sign-in").headers["Content-Security-Policy"]
    bare = Response(RAW, mimetype="text/html")
    guarded = Response(RAW, mimetype="text/html", headers={"Content-Security-Policy": policy})
    both = DispatcherMiddleware(app, {"/bare": bare, "/guarded": guarded})
    with served(both) as base, chromium(tmp_path) as eye:
        cookie = {"name": "desk", "value": alice.client.get_cookie("desk").value, "url": base}
        eye.page.context.add_cookies([cookie])
        tab = Watched(eye.page, base)
        assert "dialog: xss 1" in tab.open("/bare")
        assert any("policy: script-src-attr" in one for one in tab.open("/guarded"))
        found = {url: told for url in urls if (told := tab.open(url))}
        assert eye.page.goto(base + urls[0]).url == base + urls[0], "Alice is signed in"
    assert len(urls) > 40, len(urls)
    assert found == {}
