"""Looks at a submission before it is taken: its token, who sends it, what it says (threat 8)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from portal.core.clock import utcnow
from portal.core.settings import settings
from portal.optin import queries
from portal.optin.errors import TokenRefused, TooMany
from portal.optin.rules import answers, buckets, tokens
from portal.optin.rules.tokens import FormToken, KioskToken
from portal.optin.rules.wording import SAID
from portal.optin.service import guarding
from portal.optin.values import Answer, Channel, VersionRef

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Posted:
    """A submission as it came: `given` is what was typed, tidied."""

    given: Mapping[str, str]
    is_ticked: bool
    honey: str
    token: str
    ip: str
    visitor: str = ""  # hash of the browser's cookie, empty without one


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look came to: an answer to take, one that was taken before, or what is wrong."""

    status: int
    token: FormToken | None = None
    answer: Answer | None = None
    is_repeat: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


def issue(
    version: VersionRef,
    channel: Channel,
    *,
    page_url: str = "",
    origin: str = "",
    opened_by: str = "",
    is_redrawn: bool = False,
) -> str:
    """Return a one-time token for a page that is served now."""
    token = FormToken(
        version.id,
        secrets.token_urlsafe(16),
        utcnow(),
        channel,
        page_url,
        origin,
        opened_by,
        is_redrawn,
    )
    return tokens.sign(settings().secret_key, token)


def redrawn(token: FormToken) -> str:
    """Return the same one-time token for the page as it is drawn again."""
    return tokens.sign(settings().secret_key, replace(token, is_redrawn=True))


def look(
    version: VersionRef, channel: Channel, posted: Posted, kiosk: KioskToken | None = None
) -> Outcome:
    """Say whether a submission may be taken; nothing is written but counts in buckets.

    What costs least is asked first: a flood ends at its address or its token.
    """
    said = SAID[version.content.language]
    now = utcnow()
    try:
        guarding.take(_nearby(posted, kiosk))
        token = tokens.read(settings().secret_key, posted.token, now)
    except TooMany as error:
        return Outcome(429, trouble=said[error.full])
    except TokenRefused:
        return Outcome(422, trouble=said["stale"])
    if queries.capture_by_nonce(token.nonce) is not None:
        return Outcome(303, token, is_repeat=True)
    if token.channel is not channel or token.version_id != version.id:
        return Outcome(422, trouble=said["newer"])
    reading = answers.read_answer(version.content, posted.given, is_ticked=posted.is_ticked)
    if reading.problems:
        told = {name: said[key] for name, key in reading.problems.items()}
        return Outcome(422, token, problems=told)
    if posted.honey or token.is_too_quick(now):
        return Outcome(422, token, trouble=said["honeyed" if posted.honey else "quick"])
    try:
        _admit(version, reading.answer.e164, posted, kiosk)
    except TooMany as error:
        return Outcome(429, token, trouble=said[error.full])
    return Outcome(200, token, reading.answer)


def _nearby(posted: Posted, kiosk: KioskToken | None) -> tuple[buckets.Bucket, ...]:
    if kiosk is None:
        return buckets.of_address(posted.ip)
    key = f"{kiosk.form_id.hex}:{kiosk.opened_at.timestamp()}"
    return buckets.of_kiosk(key)


def _admit(version: VersionRef, e164: str, posted: Posted, kiosk: KioskToken | None) -> None:
    guarding.take(buckets.of_phone(guarding.hashed("phone", e164)))
    if kiosk is None and posted.visitor:
        signed_up = queries.captures_of_visitor(posted.visitor, utcnow() - _DAY)
        if signed_up >= buckets.PER_VISITOR:
            raise TooMany("full_visitor")
    guarding.take(buckets.of_form(version.form_id.hex, version.account_id.hex))
