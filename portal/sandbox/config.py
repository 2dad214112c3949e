"""What the sandbox is told at its start."""

import re
from dataclasses import dataclass
from pathlib import Path

_SID = re.compile(r"AC[0-9a-f]{32}")


@dataclass(frozen=True)
class SandboxConfig:
    """Where the sandbox keeps its state, and the credentials of its main account."""

    state: Path
    account_sid: str
    auth_token: str
    base_url: str = "http://127.0.0.1:8001"
    clock_file: Path | None = None
    checks_registration: bool = True  # texts of unregistered US numbers fail, as at Twilio
    stripe_key: str = ""  # empty: there is no stand-in for Stripe
    stripe_webhook_secret: str = ""
    stripe_webhook_url: str = ""

    def __post_init__(self) -> None:
        if not _SID.fullmatch(self.account_sid):
            message = "The account SID is AC and 32 hexadecimal digits in lower case."
            raise ValueError(message)
        if not self.auth_token:
            message = "The auth token is missing."
            raise ValueError(message)
