"""Numbers, sub-accounts and messaging services at Twilio (FACTS 1.7 to 1.9)."""

from typing import Any

from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import (
    ACTIVE,
    SUSPENDED,
    AccountStanding,
    Available,
    Capabilities,
    NumberHooks,
    NumberSearch,
    Owned,
)
from portal.gateways.twilio_client import (
    ACCOUNT_SID,
    TwilioClients,
    named,
    reading,
    writing,
)

PAGE_SIZE = 100
LIST_LIMIT = 2_000
# Set, they go before a number's addresses, or hear what these answer with an error.
_OVERRIDES = (
    "sms_application_sid",
    "sms_fallback_url",
    "voice_application_sid",
    "voice_fallback_url",
    "trunk_sid",
)
_ALREADY_IN_SERVICE = 21710
_NOT_FOUND = 20404
_INACTIVE = 20005
_TRIAL = "Trial"


class TwilioNumberGateway:
    """The NumberGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def find_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials | None:
        """Return the active sub-account of that name; see NumberGateway."""
        with reading():
            accounts = self._client(parent).api.v2010.accounts.list(
                friendly_name=friendly_name, status="active", limit=1
            )
            found = next((a for a in accounts if a.friendly_name == friendly_name), None)
            return _subaccount(found) if found is not None else None

    def create_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials:
        """Open a sub-account; see NumberGateway."""
        with writing():
            created = self._client(parent).api.v2010.accounts.create(friendly_name=friendly_name)
            return _subaccount(created)

    def find_service(self, credentials: CarrierCredentials, friendly_name: str) -> str | None:
        """Return the messaging service of that name; see NumberGateway."""
        with reading():
            services = self._client(credentials).messaging.v1.services.stream(
                limit=LIST_LIMIT, page_size=PAGE_SIZE
            )
            return next((str(s.sid) for s in services if s.friendly_name == friendly_name), None)

    def create_service(self, credentials: CarrierCredentials, friendly_name: str) -> str:
        """Make a messaging service; see NumberGateway."""
        with writing():
            created = self._client(credentials).messaging.v1.services.create(
                friendly_name=friendly_name,
                smart_encoding=False,
                use_inbound_webhook_on_number=True,
            )
            return named(created.sid)

    def configure_service(self, credentials: CarrierCredentials, service_sid: str) -> None:
        """Set a messaging service up; see NumberGateway."""
        with writing():
            self._client(credentials).messaging.v1.services(service_sid).update(
                smart_encoding=False, use_inbound_webhook_on_number=True
            )

    def add_to_service(
        self, credentials: CarrierCredentials, service_sid: str, number_sid: str
    ) -> None:
        """Put a number into the pool; see NumberGateway."""
        service = self._client(credentials).messaging.v1.services(service_sid)
        try:
            with writing():
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
        with reading():
            country = self._client(credentials).available_phone_numbers(wanted.country)
            shelf = country.toll_free if wanted.is_toll_free else country.local
            found = shelf.list(sms_enabled=True, limit=limit, **filters)
            return [
                Available(
                    e164=str(number.phone_number),
                    locality=str(number.locality or ""),
                    region=str(number.region or ""),
                    capabilities=capabilities_of(number.capabilities),
                )
                for number in found
            ]

    def buy(
        self, credentials: CarrierCredentials, e164: str, *, name: str, hooks: NumberHooks
    ) -> Owned:
        """Buy exactly this number; see NumberGateway."""
        with writing():
            bought = self._client(credentials).incoming_phone_numbers.create(
                phone_number=e164, friendly_name=name, **written(hooks)
            )
            return _owned(bought)

    def find_owned(self, credentials: CarrierCredentials, e164: str) -> Owned | None:
        """Return the number if the account has it; see NumberGateway."""
        with reading():
            numbers = self._client(credentials).incoming_phone_numbers.list(
                phone_number=e164, limit=20
            )
            return next((_owned(n) for n in numbers if n.phone_number == e164), None)

    def fetch_owned(self, credentials: CarrierCredentials, number_sid: str) -> Owned | None:
        """Return the number by its SID; see NumberGateway."""
        try:
            with reading():
                return _owned(self._client(credentials).incoming_phone_numbers(number_sid).fetch())
        except GatewayRejected as error:
            if error.code != _NOT_FOUND:
                raise
        with reading():  # an account that is closed, or not ours, shows no number either
            account = self._client(credentials).api.v2010.accounts(credentials.account_sid).fetch()
        if account.sid != credentials.account_sid or account.status != ACTIVE:
            raise GatewayBusy("the account does not show its numbers")
        return None

    def list_owned(self, credentials: CarrierCredentials) -> list[Owned]:
        """Return every number the account has; see NumberGateway."""
        with reading():
            numbers = self._client(credentials).incoming_phone_numbers.list(
                limit=LIST_LIMIT, page_size=PAGE_SIZE
            )
            return [_owned(number) for number in numbers]

    def account_standing(self, credentials: CarrierCredentials) -> AccountStanding:
        """Return how the account stands; see NumberGateway.

        A suspended account is refused even its own state (20005).
        """
        try:
            with reading():
                found = self._client(credentials).api.v2010.accounts(credentials.account_sid)
                account = found.fetch()
                return AccountStanding(str(account.status), is_trial=account.type == _TRIAL)
        except GatewayRejected as error:
            if error.code != _INACTIVE:
                raise
        return AccountStanding(SUSPENDED)

    def set_webhooks(
        self, credentials: CarrierCredentials, number_sid: str, *, name: str, hooks: NumberHooks
    ) -> None:
        """Point the number's texts and calls at these addresses; see NumberGateway."""
        with writing():
            self._client(credentials).incoming_phone_numbers(number_sid).update(
                friendly_name=name, **written(hooks)
            )

    def release(self, credentials: CarrierCredentials, number_sid: str) -> None:
        """Give the number back; see NumberGateway."""
        try:
            with writing():
                self._client(credentials).incoming_phone_numbers(number_sid).delete()
        except GatewayRejected as error:
            if error.code != _NOT_FOUND:
                raise

    def _client(self, credentials: CarrierCredentials) -> Any:
        return self._clients.of(credentials)


def _subaccount(account: Any) -> CarrierCredentials:
    if not (isinstance(account.sid, str) and ACCOUNT_SID.fullmatch(account.sid)):
        raise GatewayUnclear("the answer names no account")
    if not isinstance(account.auth_token, str) or not account.auth_token:
        raise GatewayBusy("the answer holds no token")
    return CarrierCredentials(account.sid, account.auth_token)


def _owned(number: Any) -> Owned:
    def said(*names: str) -> str:
        return next((str(one) for name in names if (one := getattr(number, name, None))), "")

    return Owned(
        sid=named(number.sid),
        e164=str(number.phone_number),
        name=str(number.friendly_name or ""),
        hooks=NumberHooks(
            said("sms_url"),
            said("voice_url"),
            said("status_callback"),
            said("sms_application_sid", "sms_fallback_url"),
            said("trunk_sid", "voice_application_sid", "voice_fallback_url"),
        ),
        capabilities=capabilities_of(number.capabilities),
    )


def written(hooks: NumberHooks) -> dict[str, str]:
    """Return hooks as the carrier's forms name them; nothing goes before them any more."""
    return dict.fromkeys(_OVERRIDES, "") | {
        "sms_url": hooks.sms_url,
        "sms_method": "POST",
        "voice_url": hooks.voice_url,
        "voice_method": "POST",
        "status_callback": hooks.call_status_url,
        "status_callback_method": "POST",
    }


def capabilities_of(given: Any) -> Capabilities:
    """Return what a number can do, as the carrier writes it."""
    # Twilio writes SMS and MMS for a number on sale, sms and mms for one's own.
    able = {str(name).lower() for name, is_able in dict(given or {}).items() if is_able}
    return Capabilities("sms" in able, "mms" in able, "voice" in able)
