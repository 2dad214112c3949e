"""Other accounts at Twilio, and moving numbers out of them (FACTS 1.7, 1.8)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from portal.core.errors import GatewayBusy, GatewayRejected
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import NumberHooks
from portal.gateways.transfers import OldAccount, OldText, ServiceUse, TheirNumber
from portal.gateways.twilio_client import ACCOUNT_SID, TwilioClients, reading, writing
from portal.gateways.twilio_numbers import capabilities_of, written

PAGE_SIZE: Final = 100
LIST_LIMIT: Final = 2_000
TEXT_PAGE_SIZE: Final = 500
TEXT_PAGES: Final = 40
_NOT_FOUND: Final = 404


class TwilioTransferGateway:
    """The TransferGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def account(self, credentials: CarrierCredentials) -> OldAccount:
        """Return the account these credentials open; see TransferGateway."""
        with reading():
            found = self._of(credentials).api.v2010.accounts(credentials.account_sid).fetch()
            if not (isinstance(found.sid, str) and ACCOUNT_SID.fullmatch(found.sid)):
                raise GatewayBusy("the answer names no account")
            return OldAccount(
                found.sid,
                str(found.owner_account_sid or found.sid),
                str(found.friendly_name or ""),
                str(found.status or ""),
            )

    def numbers(self, credentials: CarrierCredentials) -> list[TheirNumber]:
        """Return every number of the account; see TransferGateway."""
        with reading():
            found = self._of(credentials).incoming_phone_numbers.stream(
                limit=LIST_LIMIT, page_size=PAGE_SIZE
            )
            return [_number(number) for number in found]

    def number(self, credentials: CarrierCredentials, number_sid: str) -> TheirNumber | None:
        """Return one number of the account; see TransferGateway."""
        try:
            with reading():
                found = self._of(credentials).incoming_phone_numbers(number_sid).fetch()
                return _number(found)
        except GatewayRejected as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def service_of(self, credentials: CarrierCredentials, number_sid: str) -> ServiceUse | None:
        """Return the messaging service the number is in; see TransferGateway."""
        with reading():
            services = self._of(credentials).messaging.v1.services
            for service in services.stream(limit=LIST_LIMIT, page_size=PAGE_SIZE):
                if self._has(credentials, service.sid, number_sid):
                    return ServiceUse(
                        str(service.sid),
                        str(service.friendly_name or ""),
                        bool(service.us_app_to_person_registered),
                    )
            return None

    def texts_to(
        self, credentials: CarrierCredentials, e164: str, since: datetime
    ) -> tuple[list[OldText], bool]:
        """Return texts to the number; see TransferGateway."""
        messages = self._of(credentials).messages
        found: list[OldText] = []
        with reading():
            page = messages.page(to=e164, page_size=TEXT_PAGE_SIZE)
            for current in islice(_following(page), TEXT_PAGES):
                page = current
                texts = [_text(message) for message in current if message.direction == "inbound"]
                recent = [text for text in texts if text.at is None or text.at >= since]
                found += recent
                if len(recent) < len(texts):
                    return found, True
        return found, page.next_page_url is None

    def move(
        self,
        parent: CarrierCredentials,
        number_sid: str,
        *,
        source_sid: str,
        target_sid: str,
        name: str,
        hooks: NumberHooks,
    ) -> None:
        """Move a number; see TransferGateway."""
        with writing():
            source = self._of(parent).api.v2010.accounts(source_sid)
            source.incoming_phone_numbers(number_sid).update(
                account_sid=target_sid, friendly_name=name, **written(hooks)
            )

    def _has(self, credentials: CarrierCredentials, service_sid: str, number_sid: str) -> bool:
        service = self._of(credentials).messaging.v1.services(service_sid)
        try:
            with reading():
                service.phone_numbers(number_sid).fetch()
        except GatewayRejected as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    def _of(self, credentials: CarrierCredentials) -> Any:
        return self._clients.once(credentials)


def _following(page: Any) -> Iterator[Any]:
    while page is not None:
        yield page
        page = page.next_page()


def _text(message: Any) -> OldText:
    at = message.date_created
    return OldText(
        str(message.sid),
        str(message.from_ or ""),
        str(message.body or ""),
        at if isinstance(at, datetime) else None,
    )


def _number(number: Any) -> TheirNumber:
    def said(name: str) -> str:
        return str(getattr(number, name, None) or "")

    return TheirNumber(
        sid=said("sid"),
        e164=said("phone_number"),
        name=said("friendly_name"),
        capabilities=capabilities_of(number.capabilities),
        origin=said("origin") or "twilio",
        address_requirements=said("address_requirements") or "none",
        sms_url=said("sms_url"),
        sms_application_sid=said("sms_application_sid"),
        sms_fallback_url=said("sms_fallback_url"),
        voice_url=said("voice_url"),
        voice_application_sid=said("voice_application_sid"),
        voice_fallback_url=said("voice_fallback_url"),
        trunk_sid=said("trunk_sid"),
        status_callback=said("status_callback"),
        has_emergency_address=bool(said("emergency_address_sid")),
    )
