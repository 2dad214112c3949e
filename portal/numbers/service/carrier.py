"""The carrier's half of setting up a number: no row is read or written while it talks.

Whatever is made is looked for by our name first, so that a run after a crash finds what
the crashed one made.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from portal.core.errors import GatewayError, GatewayRejected, GatewayUnclear
from portal.core.steps import Trouble
from portal.gateways import numbers as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.numbers import (
    NO_CAPABILITIES,
    Available,
    NumberGateway,
    NumberSearch,
    Owned,
)
from portal.numbers import queries, rules
from portal.numbers.errors import CarrierTrouble
from portal.numbers.rules import Doing
from portal.numbers.service import opening
from portal.numbers.service.pointing import our_hooks, point_here
from portal.numbers.values import Order, Purchase, Result

SEARCH_LIMIT = 20


def search(organization_id: UUID, wanted: NumberSearch) -> list[Available]:
    """Return numbers that can be bought. Raises CarrierTrouble with N-6's words."""
    own = queries.credentials(organization_id)
    try:
        return gateways.current().search(own or of_installation(), wanted, SEARCH_LIMIT)
    except GatewayError as error:
        if rules.is_empty_area(error):
            return []
        trouble = rules.explain(error, Doing.LIST, is_installations=own is None)
        raise CarrierTrouble(trouble) from error


def is_available(organization_id: UUID, e164: str) -> Available | None:
    """Return the number if it can still be bought. Raises CarrierTrouble."""
    wanted = NumberSearch(digits=e164.removeprefix("+1"), is_toll_free=rules.is_toll_free(e164))
    found = search(organization_id, wanted)
    return next((number for number in found if number.e164 == e164), None)


def carry_out(order: Order) -> Purchase:
    """Buy the number at the carrier and set it up. Call it outside any unit of work.

    It opens the sub-account and the messaging service where they are missing, and buys
    only when the account doesn't have the number yet. Never raises for the carrier's sake.
    """
    run = _Run(gateways.current(), order)
    try:
        run.connect()
        run.buy()
        run.set_up()
    except GatewayError as error:
        return run.failed(error)
    return run.ended(Result.BOUGHT)


@dataclass
class _Run:
    """One attempt at an order, and how far it came."""

    gateway: NumberGateway
    order: Order
    credentials: CarrierCredentials | None = None
    service_sid: str | None = None
    owned: Owned | None = None
    was_asked: bool = False  # whether a purchase may have reached the carrier
    doing: Doing = Doing.CONNECT

    def connect(self) -> None:
        """Find or open the sub-account and its messaging service (RULINGS 14)."""
        self.credentials = self.order.credentials or opening.subaccount(
            self.gateway, self.order.organization_id
        )
        self.service_sid = self.order.service_sid or opening.service(
            self.gateway, self.order.organization_id, self.credentials
        )

    def buy(self) -> None:
        """Find the number among the account's, or buy it."""
        assert self.credentials is not None
        self.doing = Doing.BUY
        self.was_asked = self.order.may_be_bought
        self.owned = self.gateway.find_owned(self.credentials, self.order.e164)
        if self.owned is not None:
            return
        try:
            self.owned = self.gateway.buy(
                self.credentials, self.order.e164, name=self.order.name, hooks=our_hooks()
            )
        except GatewayUnclear:
            self.was_asked = True
            self.owned = self.gateway.find_owned(self.credentials, self.order.e164)
            if self.owned is None:
                raise

    def set_up(self) -> None:
        """Point the number's texts and calls here and put it into the pool."""
        assert self.credentials is not None
        assert self.service_sid is not None
        assert self.owned is not None
        self.doing = Doing.SET_UP
        point_here(self.gateway, self.credentials, self.owned, name=self.order.name)
        self.gateway.add_to_service(self.credentials, self.service_sid, self.owned.sid)

    def failed(self, error: GatewayError) -> Purchase:
        """Return how far it came, and why no further."""
        if self.owned is not None:
            return self.ended(Result.UNFINISHED, rules.explain(error, self.doing))
        is_refusal = isinstance(error, GatewayRejected)
        if self.was_asked and (not is_refusal or rules.is_gone(error)):
            unclear = GatewayUnclear(str(error))
            return self.ended(Result.UNCLEAR, rules.explain(unclear, Doing.BUY))
        return replace(
            self.ended(Result.NOT_BOUGHT, rules.explain(error, self.doing)),
            may_have_opened=self.doing is Doing.CONNECT and isinstance(error, GatewayUnclear),
        )

    def ended(self, result: Result, trouble: Trouble | None = None) -> Purchase:
        """Return the end of this run."""
        return Purchase(
            result=result,
            credentials=self.credentials,
            service_sid=self.service_sid,
            number_sid=self.owned.sid if self.owned else None,
            capabilities=self.owned.capabilities if self.owned else NO_CAPABILITIES,
            trouble=trouble,
        )
