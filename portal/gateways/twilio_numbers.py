"""Numbers, sub-accounts and messaging services at Twilio (FACTS 1.7 to 1.9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import Available, Capabilities, NumberSearch, Owned
from portal.gateways.twilio_client import (
    ACCOUNT_SID,
    TwilioClients,
    reading_failed,
    writing_failed,
)

PAGE_SIZE = 100
LIST_LIMIT = 2_000
_ALREADY_IN_SERVICE = 21710
_NOT_FOUND = 20404


class TwilioNumberGateway:
    """The NumberGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def find_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials | None:
        """Return the active sub-account of that name; see NumberGateway."""
        with _reading():
            accounts = self._client(parent).api.v2010.accounts.list(
                friendly_name=friendly_name, status="active", limit=1
            )
            found = next((a for a in accounts if a.friendly_name == friendly_name), None)
            return _subaccount(found) if found is not None else None

    def create_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials:
        """Open a sub-account; see NumberGateway."""
        with _writing():
            created = self._client(parent).api.v2010.accounts.create(friendly_name=friendly_name)
            return _subaccount(created)

    def find_service(self, credentials: CarrierCredentials, friendly_name: str) -> str | None:
        """Return the messaging service of that name; see NumberGateway."""
        with _reading():
            services = self._client(credentials).messaging.v1.services.stream(
                limit=LIST_LIMIT, page_size=PAGE_SIZE
            )
            return next((str(s.sid) for s in services if s.friendly_name == friendly_name), None)

    def create_service(self, credentials: CarrierCredentials, friendly_name: str) -> str:
        """Make a messaging service; see NumberGateway."""
        with _writing():
            created = self._client(credentials).messaging.v1.services.create(
                friendly_name=friendly_name,
                smart_encoding=False,
                use_inbound_webhook_on_number=True,
            )
            return _named(created.sid)

    def configure_service(self, credentials: CarrierCredentials, service_sid: str) -> None:
        """Set a messaging service up; see NumberGateway."""
        with _writing():
            self._client(credentials).messaging.v1.services(service_sid).update(
                smart_encoding=False, use_inbound_webhook_on_number=True
            )

    def add_to_service(
        self, credentials: CarrierCredentials, service_sid: str, number_sid: str
    ) -> None:
        """Put a number into the pool; see NumberGateway."""
        service = self._client(credentials).messaging.v1.services(service_sid)
        try:
            with _writing():
                service.phone_numbers.create(phone_number_sid=number_sid)
        except GatewayRejected as error:
            if error.code != _ALREADY_IN_SERVICE:
                raise

    def search(
        self, credentials: CarrierCredentials, wanted: NumberSearch, limit: int = 20
    ) -> list[Available]:
        """Return numbers for sale; see NumberGateway."""
        given = {
            "area_code": wanted.area_code,
            "in_locality": wanted.city,
            "in_region": wanted.state,
            "contains": wanted.digits,
        }
        filters = {name: value for name, value in given.items() if value}
        with _reading():
            country = self._client(credentials).available_phone_numbers(wanted.country)
            found = country.local.list(sms_enabled=True, limit=limit, **filters)
            return [
                Available(
                    e164=str(number.phone_number),
                    locality=str(number.locality or ""),
                    region=str(number.region or ""),
                    capabilities=_capabilities(number.capabilities),
                )
                for number in found
            ]

    def buy(self, credentials: CarrierCredentials, e164: str, *, name: str, sms_url: str) -> Owned:
        """Buy exactly this number; see NumberGateway."""
        with _writing():
            bought = self._client(credentials).incoming_phone_numbers.create(
                phone_number=e164, friendly_name=name, sms_url=sms_url, sms_method="POST"
            )
            return _owned(bought)

    def find_owned(self, credentials: CarrierCredentials, e164: str) -> Owned | None:
        """Return the number if the account has it; see NumberGateway."""
        with _reading():
            numbers = self._client(credentials).incoming_phone_numbers.list(
                phone_number=e164, limit=20
            )
            return next((_owned(n) for n in numbers if n.phone_number == e164), None)

    def set_webhooks(
        self, credentials: CarrierCredentials, number_sid: str, *, name: str, sms_url: str
    ) -> None:
        """Point the number's texts at sms_url; see NumberGateway."""
        with _writing():
            self._client(credentials).incoming_phone_numbers(number_sid).update(
                friendly_name=name, sms_url=sms_url, sms_method="POST"
            )

    def release(self, credentials: CarrierCredentials, number_sid: str) -> None:
        """Give the number back; see NumberGateway."""
        try:
            with _writing():
                self._client(credentials).incoming_phone_numbers(number_sid).delete()
        except GatewayRejected as error:
            if error.code != _NOT_FOUND:
                raise

    def _client(self, credentials: CarrierCredentials) -> Any:
        return self._clients.of(credentials)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise reading_failed(error) from error


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise writing_failed(error) from error


def _subaccount(account: Any) -> CarrierCredentials:
    if not (isinstance(account.sid, str) and ACCOUNT_SID.fullmatch(account.sid)):
        raise GatewayUnclear("the answer names no account")
    if not isinstance(account.auth_token, str) or not account.auth_token:
        raise GatewayBusy("the answer holds no token")
    return CarrierCredentials(account.sid, account.auth_token)


def _named(sid: object) -> str:
    if not isinstance(sid, str) or not sid:
        raise GatewayUnclear("the answer has no SID")
    return sid


def _owned(number: Any) -> Owned:
    return Owned(
        sid=_named(number.sid),
        e164=str(number.phone_number),
        name=str(number.friendly_name or ""),
        sms_url=str(number.sms_url or ""),
        capabilities=_capabilities(number.capabilities),
    )


def _capabilities(given: Any) -> Capabilities:
    # Twilio writes SMS and MMS for a number on sale, sms and mms for one's own.
    able = {str(name).lower() for name, is_able in dict(given or {}).items() if is_able}
    return Capabilities("sms" in able, "mms" in able, "voice" in able)
