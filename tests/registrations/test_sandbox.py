"""Registered at the carrier's twin over HTTP, faults included; no token shows anywhere (N-5, S10)."""

import json
import logging

import pytest
from sqlalchemy import select

from portal.core import jobs
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.gateways.numbers import NumberSearch
from portal.notifications.models import Notice
from portal.numbers import queries as numbers
from portal.numbers import service as number_service
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.models import Registration
from portal.registrations.values import State
from tests import cast
from tests.factories.billing import make_subscription
from tests.factories.optin import make_published
from tests.numbers.test_sandbox import twin  # noqa: F401 (a fixture)
from tests.registrations.conftest import ALICE, advance, complete, now, save, send_in


def buy(account, area_code="512"):
    wanted = NumberSearch(area_code=area_code, is_toll_free=area_code == "833")
    number = number_service.search(account.organization_id, wanted)[0]
    with unit_of_work():
        order = number_service.place_order(
            account, number, "Front desk", request_key=area_code, actor=SYSTEM
        )
    purchase = number_service.carry_out(order)
    with unit_of_work():
        return number_service.settle(order, purchase, actor=SYSTEM)


@pytest.fixture
def ready(twin, northside):  # noqa: F811
    """A number bought at the twin, and a draft that is complete."""
    make_subscription(northside)
    buy(northside)
    make_published(northside)
    with unit_of_work():
        begun = registrations.begin(cast.JUNIPER, actor=ALICE)
    return complete(begun, website="https://juniper.example")


def test_a_brokerage_is_registered_and_its_numbers_may_send(ready, twin, northside):  # noqa: F811
    known = advance(send_in(ready))
    assert known.state is State.REGISTERED
    assert all(sender.may_send for sender in numbers.senders(northside.id))
    own = numbers.credentials(cast.JUNIPER)
    client = twin.client(own.account_sid, own.auth_token)
    service = numbers.messaging_service(cast.JUNIPER)
    [campaign] = client.messaging.v1.services(service).us_app_to_person.list()
    assert campaign.message_samples == list(known.details.samples)
    assert buy(northside, "312").may_send  # joins the campaign by itself


def test_what_reviewers_reject_is_mended_and_sent_in_again(ready, twin, clock):  # noqa: F811
    save(ready, ein="10-0000001", description=f"{ready.details.description} [30908]")
    known = advance(send_in(now(ready)))
    assert (known.state, known.reasons[0].field) == (State.REJECTED, "ein")
    save(known, ein="36-4012345")
    known = advance(send_in(now(known)))
    assert (known.state, known.reasons[0].field) == (State.REJECTED, "privacy_url")
    save(known, description=ready.details.description)
    known = advance(send_in(now(known)))
    assert (known.state, known.round) == (State.REGISTERED, 3)


def test_a_toll_free_number_is_bought_verified_and_sends(ready, twin, northside):  # noqa: F811
    sender = buy(northside, "833")
    assert not sender.may_send
    with unit_of_work():
        begun = registrations.begin_toll_free(cast.JUNIPER, sender.e164, actor=ALICE)
    known = advance(send_in(complete(begun)))
    assert known.state is State.REGISTERED
    assert numbers.sender(sender.id).may_send


@pytest.mark.parametrize("fault", ["429", "500_before", "500_after", "truncated_after"])
def test_every_write_may_fail_once(ready, twin, clock, fault):  # noqa: F811
    twin.post("faults", writes=[word for _ in range(30) for word in (fault, "ok")])
    sent = send_in(ready)
    for _ in range(200):
        known = advance(sent)
        if known.state is State.REGISTERED:
            break
        clock.travel(to=known.next_at)
    assert known.state is State.REGISTERED
    own = numbers.credentials(cast.JUNIPER)
    client = twin.client(own.account_sid, own.auth_token)
    assert len(client.messaging.v1.brand_registrations.list()) == 1
    assert len(client.trusthub.v1.end_users.list()) == 3
    assert len(client.trusthub.v1.customer_profiles.list()) == 1


def test_no_token_is_seen_anywhere_while_it_is_revoked(ready, twin, alice, caplog):  # noqa: F811
    """PROMISES S10: logs, pages, job payloads, tables, notices."""
    caplog.set_level(logging.DEBUG)
    own = numbers.credentials(cast.JUNIPER)
    twin.post(f"accounts/{own.account_sid}/token")
    known = advance(send_in(ready))
    assert known.trouble.sentence == "Twilio returned Unauthorized."
    payloads = [
        str(jobs.queue(lane).fetch_job(name).args)
        for lane in jobs.Lane
        for name in jobs.queue(lane).job_ids
    ]
    rows = db.session.scalars(select(Registration)).all()
    tables = [
        json.dumps({c.key: str(getattr(row, c.key)) for c in row.__table__.columns}) for row in rows
    ]
    notices = [f"{n.title} {n.text}" for n in db.session.scalars(select(Notice))]
    entries = [str(e.payload) for e in db.session.scalars(select(AuditEntry))]
    here = {"organization_id": cast.JUNIPER, "registration_id": known.id}
    pages = [alice.get("registrations.show", **here).text]
    assert notices
    seen = "\n".join([caplog.text, *payloads, *tables, *notices, *entries, *pages])
    assert own.auth_token not in seen
    assert twin.token not in seen
    assert queries.of_organization(cast.JUNIPER).state is State.SUBMITTING
