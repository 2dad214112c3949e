"""A carrier in memory, an organization with a number and a form, and a draft that is complete."""

from dataclasses import replace

import pytest

from portal.core.audit import SYSTEM, Actor
from portal.core.db import unit_of_work
from portal.gateways import numbers as number_gateways
from portal.gateways import registrations as gateways
from portal.gateways.fake_registrations import FakeRegistrationGateway
from portal.gateways.numbers import FakeNumberGateway
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.values import RegistrationRef
from tests import cast
from tests.factories.numbers import make_sender
from tests.factories.optin import make_published
from workers.registrations import advance_registration

ALICE = Actor(cast.ALICE, "Alice Moreno", "tests")
SAID = {
    "legal_name": "Juniper Realty LLC",
    "ein": "36-4012345",
    "website": "https://juniper.example",
    "street": "214 Wells St",
    "city": "Chicago",
    "state": "IL",
    "postal_code": "60606",
    "title": "Managing broker",
    "position": "CEO",
    "phone": "(312) 555-0100",
}


@pytest.fixture
def registrar(app):
    """The carrier of this test; what was in place comes back after it."""
    before, numbers_before = gateways.current(), number_gateways.current()
    fake = FakeRegistrationGateway()
    gateways.use(fake)
    number_gateways.use(FakeNumberGateway())
    yield fake
    gateways.use(before)
    number_gateways.use(numbers_before)


@pytest.fixture
def sender(northside):
    """A number that waits for its registration."""
    return make_sender(northside, is_registered=False)


@pytest.fixture
def form(northside):
    return make_published(northside)


@pytest.fixture
def draft(registrar, sender, form):
    """A registration with nothing left to mend, looked at."""
    with unit_of_work():
        begun = registrations.begin(cast.JUNIPER, actor=ALICE)
    return complete(begun)


def complete(begun: RegistrationRef, **more: object) -> RegistrationRef:
    """Fill a draft in and look at its pages."""
    with unit_of_work():
        saved = registrations.save(
            begun.tenant, begun.id, SAID | more, edits=begun.edits, actor=ALICE
        )
    seen = registrations.look(saved)
    with unit_of_work():
        registrations.keep_seen(saved.tenant, saved.id, seen)
    return now(saved)


def now(known: RegistrationRef) -> RegistrationRef:
    """Return a registration as it stands."""
    return queries.get_or_404(known.tenant, known.id)


def send_in(known: RegistrationRef) -> RegistrationRef:
    with unit_of_work():
        return registrations.submit(known.tenant, known.id, actor=ALICE)


def advance(known: RegistrationRef) -> RegistrationRef:
    """Let the job run once."""
    advance_registration(str(known.id))
    return now(known)


def save(known: RegistrationRef, **changes: object) -> RegistrationRef:
    with unit_of_work():
        return registrations.save(
            known.tenant, known.id, changes, edits=now(known).edits, actor=SYSTEM
        )


def with_details(known: RegistrationRef, **changes: object) -> RegistrationRef:
    return replace(known, details=replace(known.details, **changes))
