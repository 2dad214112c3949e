"""Twilio's half of bringing a number over: no row is read or written while it talks.

A request is looked for before it is made. What an earlier run may have asked for is not asked
for again until Twilio's list would surely show it (PROMISES 1.3).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from portal.core.errors import (
    DomainError,
    GatewayBusy,
    GatewayError,
    GatewayRejected,
    GatewayUnclear,
)
from portal.core.settings import LIST_LAG, settings
from portal.core.steps import Trouble
from portal.gateways import numbers as number_gateways
from portal.gateways import porting as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.porting import (
    IN_PROGRESS_ALREADY,
    Losing,
    PortNews,
    PortOrder,
    PortStatus,
)
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers import service as number_service
from portal.numbers.errors import CarrierTrouble
from portal.numbers.rules import Doing
from portal.numbers.values import Opening
from portal.porting.rules import portability, preflight
from portal.porting.service.bills import content_of
from portal.porting.values import Checked, Order, Outcome, Result, Step

_ENDED: Final = (PortStatus.CANCELED, PortStatus.EXPIRED)
_NO_ACCOUNT: Final = Trouble("The organization has no account at Twilio yet.", "Try again.")
_LIST_LAGS: Final = Trouble(
    "Twilio did not answer in time, so the number may have been asked for already.",
    "It is looked for again before it is asked for a second time.",
)
_NO_BILL: Final = Trouble("The bill can't be read.", "Call this off and begin anew.")
_NOT_CONTENT: Final = frozenset({401, 403, 404})  # about credentials, or what is gone
_NOT_FOUND: Final = 20404
_WRITING: Final = (Step.UPLOAD, Step.ORDER)  # what refuses these is about what was said


def check(organization_id: UUID, typed: list[str]) -> list[Checked]:
    """Say of each number whether it can be brought over; outside any unit of work.

    At most MOST_AT_ONCE are asked about. Raises CarrierTrouble with N-6's words.
    """
    own = numbers.credentials(organization_id)
    found = []
    for one in typed[: portability.MOST_AT_ONCE]:
        e164 = portability.why_not_asked(one)
        if isinstance(e164, Checked):
            found.append(e164)
            continue
        try:
            said = gateways.current().check(own or of_installation(), e164)
        except GatewayError as error:
            trouble = number_rules.explain(error, Doing.LIST, is_installations=own is None)
            if not isinstance(error, GatewayRejected):
                trouble = Trouble("Twilio did not answer.", "Check again in a minute.")
            raise CarrierTrouble(trouble) from error
        found.append(portability.explain(said))
    return found


def carry_out(order: Order) -> Outcome:
    """Do one step at Twilio. Call it outside any unit of work; never raises for its sake."""
    run = _Run(order)
    try:
        return _WAYS[order.step](run)
    except GatewayError as error:
        return run.failed(error)
    except DomainError:  # the bill is gone or sealed with a key that is
        return Outcome(Result.NOT_NOW, trouble=_NO_BILL, asked_at=run.asked_at)


class _Run:
    """One attempt at a step, and since when the number may have been asked for."""

    def __init__(self, order: Order) -> None:
        self.gateway = gateways.current()
        self.order, self.asked_at = order, order.asked_at

    def failed(self, error: GatewayError) -> Outcome:
        """Return how far it came, and why no further."""
        step = self.order.step
        if isinstance(error, GatewayRejected):
            is_content = error.status not in _NOT_CONTENT
            if step in _WRITING and is_content and not number_rules.is_about_account(error):
                news = PortNews(PortStatus.ACTION_REQUIRED, "refused", reason=str(error))
                return Outcome(Result.TURNED_DOWN, news=news, asked_at=self.asked_at)
            trouble = number_rules.explain(error, Doing.REGISTER)
        else:
            trouble = Trouble("Twilio did not answer.", "It goes on by itself.")
        is_opening = step is Step.ACCOUNT and isinstance(error, GatewayUnclear)
        return Outcome(
            Result.NOT_NOW, trouble=trouble, asked_at=self.asked_at, may_have_opened=is_opening
        )

    def account(self) -> Outcome:
        """Find or open the organization's account and messaging service (N-1)."""
        order = self.order
        opened = number_service.open_account(
            Opening(order.tenant.organization_id, order.credentials, order.service_sid)
        )
        return Outcome(
            Result.DONE,
            credentials=opened.credentials,
            service_sid=opened.service_sid,
            asked_at=self.asked_at,
        )

    def listen(self) -> Outcome:
        """Have news posted to us; it is asked for as well, so a refusal holds nothing up."""
        try:
            self.gateway.listen(of_installation(), number_rules.porting_url(settings().public_url))
        except GatewayRejected:
            return Outcome(Result.DONE)
        return Outcome(Result.DONE)

    def upload(self) -> Outcome:
        bill = self.order.bill
        if bill is None:
            return Outcome(Result.NOT_NOW, trouble=_NO_BILL, asked_at=self.asked_at)
        sid = self.gateway.upload(
            self.own,
            file_name=bill.file_name,
            media_type=bill.media_type,
            content=content_of(bill),
        )
        return Outcome(Result.DONE, sid, asked_at=self.asked_at)

    def ask(self) -> Outcome:
        """Ask for the number, unless an earlier run did: never twice."""
        found = self._find()
        if found is not None:
            return Outcome(Result.DONE, found)
        if self._may_lag():
            return Outcome(Result.WAITING, trouble=_LIST_LAGS, asked_at=self.asked_at)
        self.asked_at = None  # what fails from here on was not done, unless it is unclear
        try:
            return Outcome(Result.DONE, self.gateway.create(self.own, _port_order(self.order)))
        except (GatewayUnclear, GatewayRejected) as error:
            if isinstance(error, GatewayRejected) and error.code != IN_PROGRESS_ALREADY:
                raise
            self.asked_at = self.order.now if isinstance(error, GatewayUnclear) else None
            found = self._find()
            if found is None:
                raise
            return Outcome(Result.DONE, found)

    def watch(self) -> Outcome:
        """See how the request stands."""
        news = self.gateway.news(self.own, self._request(), self.order.e164)
        if news.status is PortStatus.COMPLETED:
            return Outcome(Result.DONE, news=news)
        if news.status in (*_ENDED, PortStatus.ACTION_REQUIRED):
            return Outcome(Result.TURNED_DOWN, news=news)
        return Outcome(Result.PENDING, news=news)

    def withdraw(self) -> Outcome:
        """Call the request off; one that nobody is sure of is looked for first."""
        sid = self.order.request_sid
        if sid is None and self.asked_at is not None:
            sid = self._find()
            if sid is None and self._may_lag():
                return Outcome(Result.WAITING, trouble=_LIST_LAGS, asked_at=self.asked_at)
        if sid is None:
            return Outcome(Result.DONE)
        try:
            news = self.gateway.news(self.own, sid, self.order.e164)
        except GatewayRejected as error:
            if error.code != _NOT_FOUND:
                raise
            return Outcome(Result.DONE, sid)
        if news.status is PortStatus.COMPLETED:
            return Outcome(Result.MOVED, sid, news=news)
        if news.status not in _ENDED:
            self.gateway.cancel(self.own, sid)
        return Outcome(Result.DONE, sid)

    def arrive(self) -> Outcome:
        """Find the number in our account and point its texts and calls here."""
        gateway, order = number_gateways.current(), self.order
        owned = gateway.find_owned(self.own, order.e164)
        if owned is None:
            return Outcome(Result.PENDING)  # it moves within hours of the news
        number_service.point_here(gateway, self.own, owned, name=order.name)
        return Outcome(Result.DONE, owned=owned)

    def join(self) -> Outcome:
        """Put the number into the messaging service; one that is there is no error."""
        service, sid = self.order.service_sid, self.order.carrier_sid
        if service is None or sid is None:
            raise GatewayBusy("the organization has no messaging service yet")
        number_gateways.current().add_to_service(self.own, service, sid)
        return Outcome(Result.DONE)

    @property
    def own(self) -> CarrierCredentials:
        if self.order.credentials is None:
            raise GatewayBusy("the organization has no account yet")
        return self.order.credentials

    def _find(self) -> str | None:
        since = self.order.submitted_on - timedelta(days=1)
        return self.gateway.find(
            self.own, self.order.e164, since=since, other_than=self.order.withdrawn
        )

    def _may_lag(self) -> bool:
        return self.asked_at is not None and self.order.now < self.asked_at + LIST_LAG

    def _request(self) -> str:
        if self.order.request_sid is None:
            raise GatewayBusy("the request is not known")
        return self.order.request_sid


_WAYS: Final[Mapping[Step, Callable[[_Run], Outcome]]] = {
    Step.ACCOUNT: _Run.account,
    Step.LISTEN: _Run.listen,
    Step.UPLOAD: _Run.upload,
    Step.ORDER: _Run.ask,
    Step.AWAIT: _Run.watch,
    Step.WITHDRAW: _Run.withdraw,
    Step.ARRIVE: _Run.arrive,
    Step.JOIN: _Run.join,
}


def _port_order(order: Order) -> PortOrder:
    said = order.details
    losing = Losing(
        customer_type=said.customer_type,
        customer_name=said.customer_name,
        account_number=order.account_number,
        account_phone=said.account_phone,
        street=said.street,
        street_2=said.street_2,
        city=said.city,
        state=said.state,
        postal_code=said.postal_code,
        representative=said.representative,
        email=said.email,
    )
    on = said.day or preflight.earliest(order.submitted_on)
    return PortOrder(order.e164, order.pin, losing, order.document_sid or "", on)
