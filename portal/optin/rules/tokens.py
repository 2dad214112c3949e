"""Signed tokens: one for each page that is served, and one that puts a kiosk up (threat 8)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from portal.optin.errors import TokenRefused
from portal.optin.values import Channel

LASTS: Final = timedelta(hours=4)
KIOSK_LASTS: Final = timedelta(hours=12)
FASTEST: Final = timedelta(seconds=2)  # nobody reads and fills in a form quicker
_REFUSED: Final = "This page was open too long, or its token is not ours."


@dataclass(frozen=True, slots=True)
class FormToken:
    """What a served page says of itself: it is used once, for the version it names."""

    version_id: UUID
    nonce: str
    issued_at: datetime
    channel: Channel
    page_url: str = ""  # of the page around the frame, as it was claimed
    origin: str = ""  # of the site around the frame, which is allowed
    opened_by: str = ""  # who put the kiosk up
    is_redrawn: bool = False  # drawn for this person, not served as it was published

    def is_too_quick(self, now: datetime) -> bool:
        """Say whether no person can have read the page by now."""
        return now - self.issued_at < FASTEST


@dataclass(frozen=True, slots=True)
class KioskToken:
    """Lets one device show a form again and again for half a day."""

    form_id: UUID
    opened_by: str
    opened_at: datetime


def sign(key: str, token: FormToken) -> str:
    """Return a form's token as the page carries it."""
    said = [
        token.version_id.hex,
        token.nonce,
        token.issued_at.timestamp(),
        token.channel.value,
        token.page_url,
        token.origin,
        token.opened_by,
        token.is_redrawn,
    ]
    return _serializer(key, "form").dumps(said)


def read(key: str, text: str, now: datetime) -> FormToken:
    """Return what a token says. Raises TokenRefused when it is forged or too old."""
    said = _loaded(key, "form", text, 8)
    token = FormToken(
        UUID(said[0]),
        said[1],
        datetime.fromtimestamp(said[2], UTC),
        Channel(said[3]),
        said[4],
        said[5],
        said[6],
        said[7],
    )
    if not timedelta() <= now - token.issued_at <= LASTS:
        raise TokenRefused(_REFUSED)
    return token


def sign_kiosk(key: str, token: KioskToken) -> str:
    """Return a kiosk's token as its address carries it."""
    said = [token.form_id.hex, token.opened_by, token.opened_at.timestamp()]
    return _serializer(key, "kiosk").dumps(said)


def read_kiosk(key: str, text: str, now: datetime) -> KioskToken:
    """Return what a kiosk's token says. Raises TokenRefused when it is forged or too old."""
    said = _loaded(key, "kiosk", text, 3)
    token = KioskToken(UUID(said[0]), said[1], datetime.fromtimestamp(said[2], UTC))
    if not timedelta() <= now - token.opened_at <= KIOSK_LASTS:
        raise TokenRefused("This kiosk has been up for half a day. Staff can open it again.")
    return token


def _serializer(key: str, what: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=f"optin {what}")


def _loaded(key: str, what: str, text: str, length: int) -> list[Any]:
    try:
        said = _serializer(key, what).loads(text[:8_000])
    except BadData:
        raise TokenRefused(_REFUSED) from None
    if not isinstance(said, list) or len(said) != length:
        raise TokenRefused(_REFUSED)
    return said
