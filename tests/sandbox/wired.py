"""A portal of this test process whose carrier is a sandbox over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from portal.core import settings as settings_module
from portal.gateways import carrier, numbers, registrations, sms, voice
from tests.sandbox.server import Sandbox, run_sandbox

TOKEN = "f" * 32


@contextmanager
def wired(folder: Path, **changed: Any) -> Iterator[Sandbox]:
    """Let the portal speak to a sandbox with these settings; what was in place comes back."""
    before = settings_module.settings()
    gateways: list[Any] = [
        (module, module._in_use) for module in (numbers, sms, registrations, voice)
    ]
    with run_sandbox(folder / "state", token=TOKEN) as running:
        known = {"twilio_account_sid": running.sid, "twilio_auth_token": TOKEN}
        settings_module.use(replace(before, **{**known, **changed}))
        carrier.connect(running.base_url)
        connected: Any = numbers.current()
        yield running
        connected._clients.http.close()
    settings_module.use(before)
    for module, gateway in gateways:
        module.use(gateway)
