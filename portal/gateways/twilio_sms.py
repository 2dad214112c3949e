"""Texts through Twilio: one POST each, and the verdict on it (PROMISES 2.3 and 2.5)."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from portal.core.errors import GatewayBusy
from portal.gateways.carrier_http import TooManyRequests
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.received import storable
from portal.gateways.sms import Listed, Outcome, Outgoing, Verdict
from portal.gateways.twilio_client import MESSAGE_SID, TwilioClients, reading_failed, refusal

logger = logging.getLogger(__name__)

API = "https://api.twilio.com"
PAGE_SIZE = 200
FIND_PAGES = 5
FETCH_WITHIN_S = 5.0  # from the connection to the answer: a webhook waits for it, the carrier 15 s
LIST_PAGES = 500

# Refusals that are about the account, not about the text (PROMISES 2.4).
ACCOUNT_TROUBLE = frozenset({20003, 20005, 10001, 90010})
QUEUE_FULL = 21611
QUEUE_FULL_WAIT_S = 60.0
_NOT_FOUND = 20404


class TwilioSmsGateway:
    """The SmsGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def connect(self, outgoing: Outgoing) -> Outcome | None:
        """Open a connection ahead of the text; see SmsGateway."""
        try:
            self._clients.http.connect(API)
        except GatewayBusy as error:
            return _not_sent(error)
        except Exception as error:  # noqa: BLE001 (never raises; no byte has left)
            return Outcome(Verdict.NOT_SENT, detail=_name(error))
        return None

    def send(self, outgoing: Outgoing, deadline_monotonic: float) -> Outcome:
        """Hand the text over once; see SmsGateway."""
        try:
            client = self._clients.of(outgoing.credentials)
            with self._clients.http.deadline(deadline_monotonic):
                message = client.messages.create(**_parameters(outgoing))
            outcome = _taken(message.sid)
        except GatewayBusy as error:
            return _not_sent(error)
        except Exception as error:  # noqa: BLE001 (what isn't proven is unknown)
            outcome = _refused(error)
        if outcome.verdict is Verdict.UNKNOWN:
            logger.error(
                "text %s attempt %s may or may not have been taken: %s",
                outgoing.message_id,
                outgoing.attempt,
                outcome.detail,
            )
        return outcome

    def find(self, credentials: CarrierCredentials, to: str, since: datetime) -> list[Listed]:
        """Return texts to this number; see SmsGateway."""
        texts, _ = self._list(credentials, since, FIND_PAGES, to=to)
        return texts

    def inbound_since(self, credentials: CarrierCredentials, since: datetime) -> list[Listed]:
        """Return texts received; see SmsGateway."""
        return [t for t in self.listed_since(credentials, since) if t.direction == "inbound"]

    def listed_since(self, credentials: CarrierCredentials, since: datetime) -> list[Listed]:
        """Return texts both ways; see SmsGateway."""
        texts, is_complete = self._list(credentials, since, LIST_PAGES)
        if not is_complete:
            raise GatewayBusy(f"more than {LIST_PAGES} pages of texts since {since}")
        return texts

    def fetch(self, credentials: CarrierCredentials, sid: str) -> Listed | None:
        """Return one text; see SmsGateway."""
        try:
            with self._clients.http.patience(FETCH_WITHIN_S):
                return _listed(self._clients.of(credentials).messages(sid).fetch())
        except Exception as error:
            refused = refusal(error)
            if refused is not None and refused.code == _NOT_FOUND:
                return None
            raise reading_failed(error) from error

    def _list(
        self, credentials: CarrierCredentials, since: datetime, pages: int, **filters: str
    ) -> tuple[list[Listed], bool]:
        """Return texts newest first, and whether the list was read back to `since`."""
        messages = self._clients.of(credentials).messages
        found: list[Listed] = []
        try:
            for page in islice(
                _pages(lambda: messages.page(page_size=PAGE_SIZE, **filters)), pages
            ):
                texts = [_listed(message) for message in page]
                recent = [t for t in texts if t.date_created is None or t.date_created >= since]
                found += recent
                if texts and not recent:
                    return found, True
        except Exception as error:
            raise reading_failed(error) from error
        return found, page.next_page_url is None


def _pages(first: Callable[[], Any]) -> Iterator[Any]:
    page = first()
    while page is not None:
        yield page
        page = page.next_page()


def _parameters(outgoing: Outgoing) -> dict[str, object]:
    given = {
        "from_": outgoing.from_number,
        "messaging_service_sid": outgoing.service_sid,
        "body": outgoing.body or None,
        "media_url": list(outgoing.media_urls) or None,
    }
    return {
        "to": outgoing.to,
        "status_callback": outgoing.status_callback,
        "validity_period": outgoing.validity_period_s,
        **{name: value for name, value in given.items() if value is not None},
    }


def _taken(sid: object) -> Outcome:
    if isinstance(sid, str) and MESSAGE_SID.fullmatch(sid):
        return Outcome(Verdict.ACCEPTED, sid=sid, status=201)
    return Outcome(Verdict.UNKNOWN, detail="the answer names no message")


def _not_sent(error: GatewayBusy) -> Outcome:
    wait = error.retry_after_s if isinstance(error, TooManyRequests) else None
    status = 429 if isinstance(error, TooManyRequests) else None
    return Outcome(Verdict.NOT_SENT, detail=_name(error), retry_after_s=wait, status=status)


def _refused(error: Exception) -> Outcome:
    refused = refusal(error)
    if refused is None:
        return Outcome(Verdict.UNKNOWN, detail=_name(error), status=getattr(error, "status", None))
    if refused.code == QUEUE_FULL:
        return Outcome(
            Verdict.NOT_SENT,
            code=refused.code,
            detail=refused.message,
            retry_after_s=QUEUE_FULL_WAIT_S,
            status=refused.status,
        )
    return Outcome(
        Verdict.REJECTED,
        code=refused.code,
        detail=refused.message,
        is_account_trouble=refused.code in ACCOUNT_TROUBLE,
        status=refused.status,
    )


def _listed(message: Any) -> Listed:
    created = message.date_created
    return Listed(
        sid=str(message.sid),
        to=str(message.to or ""),
        from_number=str(message.from_ or ""),
        body=storable(str(message.body or "")),
        direction=str(message.direction or ""),
        status=str(message.status or ""),
        date_created=created if isinstance(created, datetime) else None,
        error_code=message.error_code if isinstance(message.error_code, int) else None,
        service_sid=message.messaging_service_sid,
        media_count=int(message.num_media or 0),
    )


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
