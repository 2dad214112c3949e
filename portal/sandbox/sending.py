"""POST Messages: what the carrier refuses, and how it writes down what it takes."""

import json
import mimetypes
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from portal.sandbox import campaigns, formats, inventory, lifecycle, outbox, toll_free
from portal.sandbox.context import Carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.magic import FROM, TO, find

_LONGEST = 1600
_MOST_MEDIA = 10
_LONGEST_VALIDITY = 36000
_UNVERIFIED, _UNREGISTERED = 30032, 30034
_SOONEST, _LATEST = 300, 35 * 86400


@dataclass(frozen=True)
class Order:
    """A request to send, as it came."""

    account: sqlite3.Row
    fields: Mapping[str, str]
    media: Sequence[str]

    def get(self, name: str) -> str:
        """Return one field, or nothing."""
        return self.fields.get(name, "")


def check(carrier: Carrier, order: Order) -> lifecycle.Draft:
    """Return the draft of a text, or raise what Twilio would answer."""
    recipient = _recipient(order)
    service = _service(carrier, order)
    sender = _sender(carrier, order, service)
    _content(order)
    pinned = sender or None
    if pinned is None and service is not None:
        pinned = _pick(carrier, service, recipient)
    if pinned == recipient:
        raise TwilioError(21266, recipient)
    if is_blocked(carrier, recipient, pinned, service["sid"] if service else None):
        raise TwilioError(21610)
    settings = json.loads(service["settings"]) if service else {}
    send_at = _send_at(order)
    status = "scheduled" if send_at else "queued" if sender else "accepted"
    return lifecycle.Draft(
        account_sid=order.account["sid"],
        direction="outbound-api",
        recipient=recipient,
        body=order.get("Body"),
        sender=pinned,
        service_sid=service["sid"] if service else None,
        callback=order.get("StatusCallback") or settings.get("status_callback") or None,
        status=status,
        validity=_validity(order, int(settings.get("validity_period") or _LONGEST_VALIDITY)),
        send_at=send_at,
        pictures=tuple(lifecycle.Picture(_type_of(url), url) for url in order.media),
        error_code=_unregistered(carrier, pinned, recipient),
    )


def _unregistered(carrier: Carrier, sender: str | None, recipient: str) -> int | None:
    """Return the code with which the carriers fail a text into the US from an unregistered number."""
    place = inventory.place_of(recipient)
    is_into_us = recipient.startswith("+1") and (place is None or place.country == "US")
    number = carrier.store.row("SELECT * FROM numbers WHERE e164 = ?", sender)
    if not carrier.config.checks_registration or not is_into_us or number is None:
        return None
    if formats.is_toll_free(number["e164"]):
        return None if toll_free.is_verified(number["sid"]) else _UNVERIFIED
    in_campaign = number["service_sid"] and campaigns.is_registered(number["service_sid"])
    return None if in_campaign else _UNREGISTERED


def _recipient(order: Order) -> str:
    raw = order.get("To").strip()
    if not raw:
        raise TwilioError(21604)
    # A magic number may be one that could not exist, as Twilio's own are.
    magic = find(TO, formats.e164(raw) or raw)
    if magic is not None and magic.effect == "refuse":
        raise TwilioError(magic.code, raw)
    number = formats.e164(raw)
    if number is None:
        raise TwilioError(21211, raw)
    return number


def _service(carrier: Carrier, order: Order) -> sqlite3.Row | None:
    sid = order.get("MessagingServiceSid")
    if not sid:
        return None
    if not formats.is_sid(sid, "MG"):
        raise TwilioError(21705, sid)
    service = carrier.store.row(
        "SELECT * FROM services WHERE sid = ? AND account_sid = ?", sid, order.account["sid"]
    )
    if service is None:
        raise TwilioError(21701, sid)
    if not carrier.store.count("SELECT COUNT(*) FROM numbers WHERE service_sid = ?", sid):
        raise TwilioError(21704)
    return service


def _sender(carrier: Carrier, order: Order, service: sqlite3.Row | None) -> str:
    raw = order.get("From").strip()
    if not raw:
        if service is None:
            raise TwilioError(21603)
        return ""
    magic = find(FROM, raw)
    if magic is not None:
        if magic.effect == "refuse":
            raise TwilioError(magic.code, raw)
        return raw
    number = formats.e164(raw)
    if number is None:
        raise TwilioError(21212, raw)
    owned = carrier.store.row(
        "SELECT service_sid FROM numbers WHERE e164 = ? AND account_sid = ?",
        number,
        order.account["sid"],
    )
    if owned is None or (service is not None and owned["service_sid"] != service["sid"]):
        raise TwilioError(21606, raw)
    return number


def _content(order: Order) -> None:
    if not order.get("Body").strip() and not order.media and not order.get("ContentSid"):
        raise TwilioError(21602)
    if len(order.get("Body")) > _LONGEST:
        raise TwilioError(21617)
    if len(order.media) > _MOST_MEDIA:
        raise TwilioError(21623)
    for url in order.media:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise TwilioError(21620, url)
    callback = order.get("StatusCallback")
    if callback and not outbox.is_callback_url(callback):
        raise TwilioError(21609, callback)


def _validity(order: Order, rest: int) -> int:
    raw = order.get("ValidityPeriod")
    if not raw:
        return rest
    if not raw.isdigit() or not 1 <= int(raw) <= _LONGEST_VALIDITY:
        raise TwilioError(21624, raw)
    return int(raw)


def _send_at(order: Order) -> float | None:
    if not order.get("ScheduleType"):
        return None
    if not order.get("SendAt"):
        raise TwilioError(35111)
    if not order.get("MessagingServiceSid"):
        raise TwilioError(35118)
    try:
        asked = datetime.fromisoformat(order.get("SendAt"))
    except ValueError:
        raise TwilioError(35114, order.get("SendAt")) from None
    at = (asked if asked.tzinfo else asked.replace(tzinfo=UTC)).timestamp()
    if not _SOONEST <= at - formats.now() <= _LATEST:
        raise TwilioError(35114, order.get("SendAt"))
    return at


def _pick(carrier: Carrier, service: sqlite3.Row, recipient: str) -> str:
    """Return the pool's number that texted this person last, else its oldest number."""
    found = carrier.store.row(
        "SELECT n.e164 FROM numbers n WHERE n.service_sid = ? ORDER BY (SELECT MAX(m.seq) FROM"
        " messages m WHERE m.sender = n.e164 AND m.recipient = ?) DESC NULLS LAST, n.joined",
        service["sid"],
        recipient,
    )
    if found is None:
        raise TwilioError(21704)
    return str(found["e164"])


def is_blocked(carrier: Carrier, person: str, number: str | None, service_sid: str | None) -> bool:
    """Say whether the person has stopped this number or its service."""
    return (
        carrier.store.count(
            "SELECT COUNT(*) FROM blocks WHERE person = ? AND scope IN"
            " (?, ?, (SELECT service_sid FROM numbers WHERE e164 = ?))",
            person,
            number,
            service_sid,
            number,
        )
        > 0
    )


def _type_of(url: str) -> str:
    return mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg"
