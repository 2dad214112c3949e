"""The limit of sending: the carrier's own client, alone, with as many threads as a worker has."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests.adapters
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

_REAL = "https://api.twilio.com"


class BareClient:
    """One client, its pool as large as its threads: without that it opens a connection a text."""

    def __init__(self, url: str, threads: int, certificate: str | None = None) -> None:
        """Speak to the stub at url, whose certificate is the only one trusted."""
        http = _ToStub(url)
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=threads)
        for scheme in ("http://", "https://"):
            http.session.mount(scheme, adapter)
        if certificate is not None:
            os.environ["REQUESTS_CA_BUNDLE"] = certificate  # it goes before the session's own
        self._client = Client("AC" + "0" * 32, "0" * 32, http_client=http)
        self._threads = threads

    def send(self, count: int) -> None:
        """Hand over so many texts; every one must come back with its name."""
        with ThreadPoolExecutor(self._threads) as pool:
            assert all(pool.map(self._send, range(count)))

    def close(self) -> None:
        """Close its connections."""
        self._client.http_client.session.close()

    def _send(self, place: int) -> str | None:
        message = self._client.messages.create(
            to=f"+1773{place:07d}",
            from_="+13125550100",
            body="Open house on Saturday at 2. Shall I send the address?",
            status_callback="http://localhost:8000/webhooks/twilio/status",
        )
        sid: str | None = message.sid
        return sid


class _ToStub(TwilioHttpClient):  # type: ignore[misc]
    """The client's own HTTP client, with the carrier's address replaced."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = f"{url}/api"

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace(_REAL, self._url), *args, **kwargs)
