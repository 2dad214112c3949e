"""A twin of the carrier over HTTP, an account that may bring numbers over, and a complete draft."""

from dataclasses import replace
from io import BytesIO
from shutil import rmtree

import pytest

from portal.core import settings as settings_module
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.gateways import carrier, consents, porting, registrations, sms, voice
from portal.gateways import numbers as gateways
from portal.porting import queries, service
from portal.porting.rules.preflight import earliest
from portal.porting.service.submitting import today_for
from tests import cast
from tests.factories.billing import make_subscription
from tests.sandbox.server import run_sandbox
from workers.porting import advance_port_in

ALICE = Actor(cast.ALICE, "Alice Moreno", "tests")
E164 = "+13125550142"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n"
SAID = {
    "customer_name": "Juniper Realty LLC",
    "account_number": "884120",
    "pin": "4417",
    "street": "214 Wells St",
    "city": "Chicago",
    "state": "IL",
    "postal_code": "60606",
    "representative": "Alice Moreno",
    "email": "alice@juniper.example",
    "may_sign": True,
}


@pytest.fixture(scope="session")
def _twin(tmp_path_factory):
    with run_sandbox(tmp_path_factory.mktemp("porting") / "state", token="f" * 32) as running:
        yield running


@pytest.fixture
def twin(app, _twin):
    """A sandbox whose main account is the installation's; what was in place comes back."""
    doors = (gateways, sms, registrations, consents, porting, voice)
    settings, before = settings_module.settings(), [door.current() for door in doors]
    rmtree(settings.evidence_dir / "bills", ignore_errors=True)  # of the test before
    _twin.reset()
    settings_module.use(
        replace(settings, twilio_account_sid=_twin.sid, twilio_auth_token=_twin.token)
    )
    carrier.connect(_twin.base_url)
    yield _twin
    gateways.current()._clients.http.close()
    settings_module.use(settings)
    for door, gateway in zip(doors, before, strict=True):
        door.use(gateway)


@pytest.fixture
def account(northside):
    make_subscription(northside)
    return northside


@pytest.fixture
def draft(twin, account):
    """A port-in with nothing left to mend."""
    return make_draft(account)


def make_draft(account, e164=E164, **changes):
    [checked] = service.check(account.organization_id, [e164])
    with unit_of_work():
        begun = service.begin(account, checked, actor=ALICE)
    day = earliest(today_for(account)).isoformat()
    saved = save(begun, **{**SAID, "on": day, **changes})
    bill = service.check_bill(BytesIO(PDF), "bill.pdf")
    with unit_of_work():
        service.attach_bill(saved.tenant, saved.id, bill, edits=saved.edits, actor=ALICE)
    return now(saved)


def now(known):
    return queries.get_or_404(known.tenant, known.id)


def save(known, **changes):
    with unit_of_work():
        return service.save(known.tenant, known.id, changes, edits=now(known).edits, actor=ALICE)


def send_in(account, known, signature="alice  moreno"):
    with unit_of_work():
        return service.submit(account, known.id, signature=signature, actor=ALICE)


def advance(known):
    """Let the job run once."""
    advance_port_in(str(known.id))
    return now(known)
