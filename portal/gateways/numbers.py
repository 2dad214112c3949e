"""Phone numbers at a carrier: sub-accounts, search, purchase, webhooks and sender pools.

Every method raises GatewayRejected (refused, with its code), GatewayBusy (nothing was
done) or GatewayUnclear (it may have been done: look before asking again), and nothing else.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from portal.core.errors import GatewayRejected
from portal.gateways.credentials import CarrierCredentials


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a number can do."""

    sms: bool = False
    mms: bool = False
    voice: bool = False


NO_CAPABILITIES = Capabilities()
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"


@dataclass(frozen=True, slots=True)
class NumberSearch:
    """What kind of number is looked for; empty fields don't narrow."""

    area_code: str = ""
    city: str = ""
    state: str = ""
    digits: str = ""
    country: str = "US"
    is_toll_free: bool = False


@dataclass(frozen=True, slots=True)
class Available:
    """A number that can be bought."""

    e164: str
    locality: str
    region: str
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class NumberHooks:
    """Where the carrier posts what happens to a number: texts, calls that ring, calls that ended."""

    sms_url: str
    voice_url: str = ""
    call_status_url: str = ""
    sms_override: str = ""  # the application or fallback that hears of texts, whatever the address
    voice_override: str = ""  # the trunk, application or fallback that takes calls


@dataclass(frozen=True, slots=True)
class Owned:
    """A number the account has."""

    sid: str
    e164: str
    name: str
    hooks: NumberHooks
    capabilities: Capabilities

    @property
    def sms_url(self) -> str:
        """Return where its texts are posted to."""
        return self.hooks.sms_url


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """How an account stands at the carrier."""

    status: str  # active, suspended or closed, as the carrier says
    is_trial: bool = False  # sends only to phones that were verified

    @property
    def is_suspended(self) -> bool:
        """Say whether the carrier has suspended it."""
        return self.status == SUSPENDED


class NumberGateway(Protocol):
    """A carrier that lets numbers."""

    def find_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials | None:
        """Return the active sub-account of that name."""

    def create_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials:
        """Open a sub-account. Not safe to repeat: look with find_subaccount first."""

    def find_service(self, credentials: CarrierCredentials, friendly_name: str) -> str | None:
        """Return the SID of the messaging service of that name."""

    def create_service(self, credentials: CarrierCredentials, friendly_name: str) -> str:
        """Make a messaging service as RULINGS 14 wants it. Look with find_service first."""

    def configure_service(self, credentials: CarrierCredentials, service_sid: str) -> None:
        """Set smart encoding off and the inbound webhook on the number (RULINGS 14)."""

    def add_to_service(
        self, credentials: CarrierCredentials, service_sid: str, number_sid: str
    ) -> None:
        """Put a number into the service's pool; a number already there is no error."""

    def search(
        self, credentials: CarrierCredentials, wanted: NumberSearch, limit: int = 20
    ) -> list[Available]:
        """Return numbers that can be bought now and can text."""

    def buy(
        self, credentials: CarrierCredentials, e164: str, *, name: str, hooks: NumberHooks
    ) -> Owned:
        """Buy exactly this number. Not safe to repeat: look with find_owned first."""

    def find_owned(self, credentials: CarrierCredentials, e164: str) -> Owned | None:
        """Return the number if the account has it."""

    def fetch_owned(self, credentials: CarrierCredentials, number_sid: str) -> Owned | None:
        """Return the number by its own SID; None only where the carrier says that it has none.

        A list may be cut or lag; this is asked before anything is written off.
        """

    def list_owned(self, credentials: CarrierCredentials) -> list[Owned]:
        """Return every number the account has."""

    def account_standing(self, credentials: CarrierCredentials) -> AccountStanding:
        """Return how this very account stands."""

    def set_webhooks(
        self, credentials: CarrierCredentials, number_sid: str, *, name: str, hooks: NumberHooks
    ) -> None:
        """Point the number's texts and calls at these addresses, and name it."""

    def release(self, credentials: CarrierCredentials, number_sid: str) -> None:
        """Give the number back; one that is gone already is no error."""


@dataclass
class FakeNumberGateway:
    """A carrier in memory; `failures` maps a method's name to what it raises, once each."""

    stock: list[Available] = field(default_factory=list)
    owned: dict[str, Owned] = field(default_factory=dict)
    subaccounts: dict[str, CarrierCredentials] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    pools: dict[str, set[str]] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)  # sub-accounts, by SID
    calls: list[str] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    lost_answers: dict[str, list[Exception]] = field(default_factory=dict)

    def find_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials | None:
        """Look in `subaccounts`."""
        self._enter("find_subaccount")
        return self.subaccounts.get(friendly_name)

    def create_subaccount(
        self, parent: CarrierCredentials, friendly_name: str
    ) -> CarrierCredentials:
        """Add to `subaccounts`."""
        self._enter("create_subaccount")
        sid = f"AC{len(self.subaccounts) + 1:032x}"
        self.subaccounts[friendly_name] = CarrierCredentials(sid, f"token-of-{sid}")
        self._leave("create_subaccount")
        return self.subaccounts[friendly_name]

    def find_service(self, credentials: CarrierCredentials, friendly_name: str) -> str | None:
        """Look in `services`."""
        self._enter("find_service")
        return self.services.get(friendly_name)

    def create_service(self, credentials: CarrierCredentials, friendly_name: str) -> str:
        """Add to `services`."""
        self._enter("create_service")
        self.services[friendly_name] = f"MG{len(self.services) + 1:032x}"
        self._leave("create_service")
        return self.services[friendly_name]

    def configure_service(self, credentials: CarrierCredentials, service_sid: str) -> None:
        """Do nothing."""
        self._enter("configure_service")

    def add_to_service(
        self, credentials: CarrierCredentials, service_sid: str, number_sid: str
    ) -> None:
        """Add to `pools`."""
        self._enter("add_to_service")
        self.pools.setdefault(service_sid, set()).add(number_sid)
        self._leave("add_to_service")

    def search(
        self, credentials: CarrierCredentials, wanted: NumberSearch, limit: int = 20
    ) -> list[Available]:
        """Return the stock that fits."""
        self._enter("search")
        return [number for number in self.stock if _fits(number, wanted)][:limit]

    def buy(
        self, credentials: CarrierCredentials, e164: str, *, name: str, hooks: NumberHooks
    ) -> Owned:
        """Move a number from stock to `owned`."""
        self._enter("buy")
        found = next((number for number in self.stock if number.e164 == e164), None)
        if found is None:
            raise GatewayRejected(f"PhoneNumber {e164} is not available.", 21422, 400)
        self.stock.remove(found)
        sid = f"PN{len(self.owned) + 1:032x}"
        self.owned[e164] = Owned(sid, e164, name, hooks, found.capabilities)
        self._leave("buy")
        return self.owned[e164]

    def find_owned(self, credentials: CarrierCredentials, e164: str) -> Owned | None:
        """Look in `owned`."""
        self._enter("find_owned")
        return self.owned.get(e164)

    def fetch_owned(self, credentials: CarrierCredentials, number_sid: str) -> Owned | None:
        """Look in `owned` by SID."""
        self._enter("fetch_owned")
        return next((one for one in self.owned.values() if one.sid == number_sid), None)

    def list_owned(self, credentials: CarrierCredentials) -> list[Owned]:
        """Return all of `owned`."""
        self._enter("list_owned")
        return list(self.owned.values())

    def account_standing(self, credentials: CarrierCredentials) -> AccountStanding:
        """Look in `suspended`."""
        self._enter("account_standing")
        is_suspended = credentials.account_sid in self.suspended
        return AccountStanding(SUSPENDED if is_suspended else ACTIVE)

    def set_webhooks(
        self, credentials: CarrierCredentials, number_sid: str, *, name: str, hooks: NumberHooks
    ) -> None:
        """Change the number in `owned`."""
        self._enter("set_webhooks")
        for e164, number in self.owned.items():
            if number.sid == number_sid:
                self.owned[e164] = Owned(number_sid, e164, name, hooks, number.capabilities)

    def release(self, credentials: CarrierCredentials, number_sid: str) -> None:
        """Take the number out of `owned`."""
        self._enter("release")
        self.owned = {e164: n for e164, n in self.owned.items() if n.sid != number_sid}

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        _raise_next(self.failures.get(method))

    def _leave(self, method: str) -> None:
        _raise_next(self.lost_answers.get(method))


def _raise_next(failures: list[Exception] | None) -> None:
    if failures:
        raise failures.pop(0)


def _fits(number: Available, wanted: NumberSearch) -> bool:
    national = number.e164.removeprefix("+1")
    return (
        national.startswith(wanted.area_code)
        and wanted.digits.replace("*", "") in national
        and wanted.city.lower() in number.locality.lower()
        and wanted.state.upper() in number.region
    )


_in_use: NumberGateway | None = None


def use(gateway: NumberGateway) -> None:
    """Say which gateway lets numbers; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> NumberGateway:
    """Return the gateway in use."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
