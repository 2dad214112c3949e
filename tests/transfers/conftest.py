"""The carrier sandbox over HTTP, an old account of a brokerage in it, and a transfer out of that."""

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.core.settings import settings as current_settings
from portal.gateways import numbers as number_gateways
from portal.gateways import transfers as gateways
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_numbers import TwilioNumberGateway
from portal.gateways.twilio_transfers import TwilioTransferGateway
from portal.messaging.service import inbound
from portal.messaging.service.incoming import Incoming
from portal.transfers import queries
from portal.transfers import service as transfers
from portal.transfers.service import OldPlace
from portal.transfers.values import Signature, Step, TransferRef
from tests import cast
from tests.conftest import NOON
from tests.factories.billing import make_credits, make_subscription
from tests.sandbox.server import run_sandbox
from workers.transfers import advance_transfer

ALICE = Actor(cast.ALICE, "Alice Moreno", "tests")
SIGNED = Signature("Ann Old", "Owner", "ann@old.example", NOON, "Alice Moreno")
PERSON = "+13125550199"


class Killed(BaseException):
    """The worker is gone: not even an error is written down."""


class MortalHttp(CarrierHttpClient):
    """Ends the worker right after the carrier's answer to a request of this method."""

    dies_after = ""

    def request(self, method, url, *args, **kwargs):
        answer = super().request(method, url, *args, **kwargs)
        if method.upper() == self.dies_after:
            self.dies_after = ""
            raise Killed
        return answer


@pytest.fixture(scope="session")
def _twin(settings, tmp_path_factory):
    with run_sandbox(
        tmp_path_factory.mktemp("old") / "state",
        sid=settings.twilio_account_sid,
        token=settings.twilio_auth_token,
    ) as running:
        yield running


@pytest.fixture
def http(_twin):
    client = MortalHttp(_twin.base_url, read_timeout_s=10)
    # The sandbox serves the 2010 API below /api, as the base-URL mapping has it.
    yield client
    client.close()


@pytest.fixture
def twin(app, _twin, http):
    """The carrier of this test; what was in place comes back after it."""
    _twin.reset()
    before, numbers_before = gateways.current(), number_gateways.current()
    clients = TwilioClients(http)
    gateways.use(TwilioTransferGateway(clients))
    number_gateways.use(TwilioNumberGateway(clients))
    yield _twin
    gateways.use(before)
    number_gateways.use(numbers_before)


@pytest.fixture
def account(northside):
    """Northside with a subscription."""
    make_subscription(northside)
    make_credits(northside)
    return northside


@pytest.fixture
def old(twin):
    """An old account of the same owner, with three numbers."""
    return twin.post("old-accounts", related=True)


@pytest.fixture
def strangers(twin):
    """An old account of another owner."""
    return twin.post("old-accounts", related=False)


def start(account, old) -> TransferRef:
    place = OldPlace(old["account_sid"] if "account_sid" in old else old["sid"], old["auth_token"])
    with unit_of_work():
        return transfers.begin(account, place, actor=ALICE)


def now(known: TransferRef) -> TransferRef:
    """Return a transfer as it stands."""
    return queries.get_or_404(known.tenant, known.id)


def one_step(known: TransferRef) -> TransferRef:
    """Do one step as a worker would."""
    with unit_of_work():
        order = transfers.claim(known.id)
    if order is not None:
        outcome = transfers.carry_out(order)
        with unit_of_work():
            transfers.settle(order, outcome)
    return now(known)


def advance(known: TransferRef) -> TransferRef:
    """Let the job run once."""
    advance_transfer(str(known.id))
    return now(known)


def pick_first(known: TransferRef, e164: str) -> TransferRef:
    old = queries.old_credentials(known.tenant, known.id)
    number = next(one for one in transfers.list_numbers(old) if one.e164 == e164)
    with unit_of_work():
        transfers.pick(known.tenant, known.id, number, actor=ALICE)
    return now(known)


def agree(account, known: TransferRef) -> TransferRef:
    signature = SIGNED if known.path and known.path.value == "unrelated" else None
    with unit_of_work():
        transfers.confirm(account, known.id, signature, actor=ALICE)
    return now(known)


def run_until(account, known: TransferRef, step: Step, e164: str) -> TransferRef:
    """Do every step before this one, people's too."""
    for _ in range(20):
        if known.step is step:
            return known
        if known.step is Step.PICK:
            known = pick_first(known, e164)
        elif known.step is Step.CONFIRM:
            known = agree(account, known)
        elif known.step is Step.TEST:
            known = text_in(account, known)
        else:
            known = one_step(known)
    raise AssertionError(known)


def text_in(account, known: TransferRef) -> TransferRef:
    """Bring a text to the number, as the carrier's webhook does, and let the job look."""
    text = Incoming(
        account.organization_id, f"SM{uuid4().hex}", PERSON, known.e164, "Hi", 1, [], None, {}
    )
    with unit_of_work():
        inbound.receive(text)
    with unit_of_work():
        transfers.try_now(known.tenant, known.id, actor=ALICE)
    return one_step(known)


def patiently(account, known: TransferRef, clock, twin, e164, token=None) -> TransferRef:
    """Let time pass, people do their part and the job run until it has ended."""
    for _ in range(30):
        known = advance(known)
        if known.ended_at is not None:
            return known
        if known.is_token_refused and token:
            with unit_of_work():
                transfers.reconnect(known.tenant, known.id, token, actor=ALICE)
        elif known.step is Step.PICK:
            known = pick_first(known, e164)
        elif known.step is Step.CONFIRM:
            known = agree(account, known)
        elif known.step is Step.AWAIT and own_sid(twin):
            twin.post(f"numbers/{e164}/account", account_sid=own_sid(twin))
        elif known.step is Step.TEST:
            known = text_in(account, known)
        clock.travel(by=timedelta(minutes=6))
    raise AssertionError(known)


def own_accounts(twin) -> list[str]:
    client = twin.client()
    return [
        one.sid
        for one in client.api.v2010.accounts.list()
        if one.friendly_name.startswith("ConsentDesk ")
    ]


def own_sid(twin) -> str | None:
    found = own_accounts(twin)
    return found[0] if found else None


def numbers_at(twin) -> dict[str, dict]:
    """Return the carrier's truth about every number."""
    return {one["e164"]: one for one in twin.get("numbers")["numbers"]}


def our_url() -> str:
    return f"{current_settings().public_url}/webhooks/twilio/sms"
