"""The carrier's half of a transfer: no row is read or written while it talks.

Whatever may have been done by an earlier run is looked for first. A number keeps its SID when it
moves, so where it is can be asked by SID, and lists that lag don't matter.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from portal.core.errors import GatewayBusy, GatewayError, GatewayRejected, GatewayUnclear
from portal.core.steps import Trouble
from portal.gateways import numbers as number_gateways
from portal.gateways import transfers as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.transfers import OldText, TheirNumber, TransferGateway
from portal.numbers import rules as number_rules
from portal.numbers import service as numbers
from portal.numbers.errors import CarrierTrouble
from portal.numbers.rules import Doing
from portal.transfers.values import Order, Outcome, Result, Step

_ACTIVE: Final = "active"
_UNAUTHORIZED: Final = 401
_BAD_TOKEN: Final = 20003
_INACTIVE: Final = 20005
_LOG_FOR: Final = timedelta(days=400)  # how long Twilio keeps texts (FACTS 1.1)
_GONE: Final = Trouble(
    "The number is no longer in the old account.",
    "It was moved or given back there. Look in Twilio's Console, or give this transfer up.",
)
_NOWHERE: Final = Trouble(
    "The number is neither in the old account nor in your brokerage's.",
    "It was moved or given back elsewhere. Look in Twilio's Console, or give this transfer up.",
)
_MOVES_WITHIN: Final = timedelta(minutes=15)  # what was asked for longer ago would show by now
_NOT_HERE: Final = Trouble(
    "The number is not in your brokerage's account at Twilio.", "It is looked for again by itself."
)


def carry_out(order: Order) -> Outcome:
    """Do one step. Call it outside any unit of work; never raises for the carrier's sake."""
    run = _Run(gateways.current(), order)
    try:
        return _WAYS[order.step](run)
    except GatewayError as error:
        return run.failed(error)


def list_numbers(old: CarrierCredentials) -> list[TheirNumber]:
    """Return the numbers of the old account. Raises CarrierTrouble with N-6's words."""
    try:
        return gateways.current().numbers(old)
    except GatewayError as error:
        raise CarrierTrouble(number_rules.explain(error, Doing.LIST)) from error


def has_come(own: CarrierCredentials | None, e164: str | None) -> bool:
    """Say whether a number is in our own account by now. Raises CarrierTrouble."""
    if own is None or e164 is None:
        return False
    try:
        return number_gateways.current().find_owned(own, e164) is not None
    except GatewayError as error:
        raise CarrierTrouble(number_rules.explain(error, Doing.LIST)) from error


class _Run:
    """One attempt at a step: whose credentials were used last, and what may have been done."""

    def __init__(self, gateway: TransferGateway, order: Order) -> None:
        self.gateway, self.order = gateway, order
        self.asked_at = order.asked_at
        self.doing = Doing.MOVE
        self.is_old = False  # the last question was put with the old account's credentials
        self.is_parent = False  # or with the installation's
        self.opening = order.opening

    def failed(self, error: GatewayError) -> Outcome:
        """Return why it came no further."""
        trouble = number_rules.explain(error, self.doing, is_installations=self.is_parent)
        is_token_refused = self.is_old and _is_about_token(error)
        return Outcome(
            Result.NOT_NOW,
            trouble=trouble,
            # The old account is asked only once the number was not found on our side.
            asked_at=self._still_asked() if is_token_refused else self.asked_at,
            is_token_refused=is_token_refused,
            opening=self.opening,
            may_have_opened=isinstance(error, GatewayUnclear),
        )

    def connect(self) -> Outcome:
        """Open the old account, and see whose it is."""
        self.doing = Doing.OPEN_OLD
        account = self.gateway.account(self._old())
        if account.status != _ACTIVE:
            raise GatewayRejected(f"Account is {account.status}", _INACTIVE, 403)
        return Outcome(Result.DONE, account=account)

    def check(self) -> Outcome:
        """Look at the number, and at the pool it is in."""
        old = self._old()
        number = self.gateway.number(old, self._number_sid())
        if number is None:
            return Outcome(Result.NOT_NOW, trouble=_GONE)
        return Outcome(Result.DONE, number=number, service=self.gateway.service_of(old, number.sid))

    def open(self) -> Outcome:
        """Make our own side ready: the sub-account and its messaging service."""
        self.is_parent = True
        assert self.order.opening is not None
        self.opening = numbers.open_account(self.order.opening)
        return Outcome(Result.DONE, opening=self.opening)

    def carry(self) -> Outcome:
        """Read who stopped, as far back as the log goes."""
        texts, is_whole = self._log(self._old(), self.order.now - _LOG_FOR)
        return Outcome(Result.DONE, texts=tuple(texts), is_log_whole=is_whole)

    def move(self) -> Outcome:
        """Find the number on our side, or move it there: never without the old owner's leave."""
        here = self._here()
        if here is not None:
            return Outcome(Result.DONE, number=here)
        if self.gateway.number(self._old(), self._number_sid()) is None:
            # Between two accounts for a moment, or gone: only finding it proves anything.
            asked_at = self._still_asked()
            is_nowhere = self.asked_at is not None and asked_at is None
            return Outcome(
                Result.NOT_NOW, trouble=_NOWHERE if is_nowhere else _GONE, asked_at=asked_at
            )
        self.asked_at = None  # it is still there, so no earlier run has moved it
        self._as_parent()
        try:
            self.gateway.move(
                of_installation(),
                self._number_sid(),
                source_sid=self.order.old_account_sid,
                target_sid=self._own().account_sid,
                name=self.order.name,
                hooks=numbers.our_hooks(),
            )
        except GatewayUnclear:
            self.asked_at = self.order.now
            here = self._here()
            if here is None:
                raise
            return Outcome(Result.DONE, number=here)
        self.asked_at = self.order.now  # moved; should the look fail, it is looked for again
        here = self._here()
        if here is None:
            return Outcome(Result.NOT_NOW, trouble=_NOT_HERE, asked_at=self.asked_at)
        return Outcome(Result.DONE, number=here)

    def wait(self) -> Outcome:
        """See whether Twilio's support has moved the number."""
        self._as_own()
        found = number_gateways.current().find_owned(self._own(), self.order.e164 or "")
        if found is None:
            return Outcome(Result.PENDING)
        number = self.gateway.number(self._own(), found.sid)
        return Outcome(Result.DONE if number else Result.PENDING, number=number)

    def point(self) -> Outcome:
        """Point its texts and calls here and name it, where that is not so yet."""
        number = self._here()
        if number is None:
            return Outcome(Result.NOT_NOW, trouble=_NOT_HERE)
        numbers.point_here(number_gateways.current(), self._own(), number, name=self.order.name)
        return Outcome(Result.DONE)

    def join(self) -> Outcome:
        """Put it into our pool; one that is there is no error."""
        self._as_own()
        service_sid = self.order.opening.service_sid if self.order.opening else None
        if service_sid is None:
            raise GatewayBusy("the organization has no messaging service yet")
        number_gateways.current().add_to_service(self._own(), service_sid, self._number_sid())
        return Outcome(Result.DONE)

    def last_look(self) -> Outcome:
        """Read who stopped while the number was on its way, on both sides."""
        self._as_own()
        texts, _ = self._log(self._own(), self.order.since)
        if self.order.old is not None:
            earlier, _ = self._log(self._old(), self.order.since)
            texts += earlier
        return Outcome(Result.DONE, texts=tuple(texts))

    def test(self) -> Outcome:
        """See whether the test text came in; that was looked up with the order."""
        return Outcome(Result.DONE if self.order.heard_at else Result.PENDING)

    def clean_up(self) -> Outcome:
        """Nothing is asked of the carrier: writing the end down deletes the token."""
        return Outcome(Result.DONE)

    def _log(self, who: CarrierCredentials, since: datetime) -> tuple[list[OldText], bool]:
        return self.gateway.texts_to(who, self.order.e164 or "", since)

    def _here(self) -> TheirNumber | None:
        self._as_own()
        return self.gateway.number(self._own(), self._number_sid())

    def _still_asked(self) -> datetime | None:
        """Return since when it may have been moved; None once that would show by now."""
        is_past = self.asked_at is None or self.order.now - self.asked_at >= _MOVES_WITHIN
        return None if is_past else self.asked_at

    def _old(self) -> CarrierCredentials:
        self.is_old, self.is_parent = True, False
        if self.order.old is None:
            raise GatewayRejected("the token is gone", _BAD_TOKEN, _UNAUTHORIZED)
        return self.order.old

    def _own(self) -> CarrierCredentials:
        if self.order.opening is None or self.order.opening.credentials is None:
            raise GatewayBusy("the organization has no account at the carrier yet")
        return self.order.opening.credentials

    def _as_own(self) -> None:
        self.is_old = self.is_parent = False

    def _as_parent(self) -> None:
        self.is_old, self.is_parent = False, True

    def _number_sid(self) -> str:
        assert self.order.number_sid is not None  # picked or arrived before these steps
        return self.order.number_sid


_WAYS: Final[Mapping[Step, Callable[[_Run], Outcome]]] = {
    Step.CONNECT: _Run.connect,
    Step.CHECK: _Run.check,
    Step.OPEN: _Run.open,
    Step.CARRY: _Run.carry,
    Step.MOVE: _Run.move,
    Step.AWAIT: _Run.wait,
    Step.POINT: _Run.point,
    Step.JOIN: _Run.join,
    Step.LAST_LOOK: _Run.last_look,
    Step.TEST: _Run.test,
    Step.CLEAN_UP: _Run.clean_up,
}


def _is_about_token(error: GatewayError) -> bool:
    return isinstance(error, GatewayRejected) and (
        error.code == _BAD_TOKEN or error.status == _UNAUTHORIZED
    )
