"""Team mates read one another's talks: where the organization says so, with people who were told (S-4)."""

import contextvars
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from werkzeug.routing import IntegerConverter

from portal.core.access import Permission, Role
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.models import Message
from portal.messaging.service import system
from portal.messaging.values import State
from portal.people import queries as people_queries
from portal.people.models import Organization
from portal.texting_accounts import queries as accounts
from tests import cast
from tests.factories.messaging import make_campaign, make_ready, make_recipient, one_to_one
from tests.factories.people import person
from tests.messaging.talks import MAYA, hear
from workers import messaging
from workers.sending import drain

NOT_TOLD = "+13125550177"


def share(*, is_on=True):
    with unit_of_work():
        db.session.execute(
            update(Organization).where(Organization.id == cast.JUNIPER).values(shares_talks=is_on)
        )


@pytest.fixture
def mate(browser, bobs_talks):
    """Another agent of Northside, who works in no account of Bob's."""
    who = person(
        "Nia Ford", organization_id=cast.JUNIPER, role=Role.AGENT, team_id=cast.NORTHSIDE_TEAM
    )
    return browser(who.id)


@pytest.fixture
def bobs_talks(app, carrier_fake, clock):
    """Bob's talk with Maya, whom the notice of the next day told, and with one whom it did not."""
    account = cast.account(cast.BOBS)
    make_ready(account)
    maya = make_recipient(account, number=MAYA, first_name="Maya", last_name="Castellanos")
    make_campaign(account, [maya], one_to_one("Hi Maya, Bob of Juniper Realty."))
    drain(str(account.id))
    clock.travel(by=timedelta(days=1, minutes=1))
    messaging.send_team_notices()
    drain(str(account.id))
    return account, hear(account), hear(account, "Who is this?", NOT_TOLD)


def status(who, endpoint, method="GET", **values):
    url = who.url(endpoint, **values)
    answer = contextvars.Context().run(lambda: who.client.open(url, method=method))
    return answer.status_code


def looks(user_id):
    rows = select(AuditEntry.event).where(
        AuditEntry.actor_id == user_id, AuditEntry.event.like("messaging:%:view")
    )
    return db.session.scalars(rows.order_by(AuditEntry.position)).all()


def test_nobody_reads_along_before_a_lead_says_so(mate, bobs_talks):
    account, talk, _ = bobs_talks
    assert status(mate, "messaging.inbox", account_id=account.id) == 404
    assert (
        status(mate, "messaging.conversation", account_id=account.id, conversation_id=talk.id)
        == 404
    )


def test_a_mate_reads_talks_with_people_who_were_told_and_every_look_is_logged(mate, bobs_talks):
    share()
    account, talk, secret = bobs_talks
    here = {"account_id": account.id}
    page = mate.get("messaging.inbox", **here).text
    assert "Maya Castellanos" in page
    assert "Who is this?" not in page
    shown = mate.get("messaging.conversation", conversation_id=talk.id, **here).text
    assert "Hi Maya, Bob of Juniper Realty." in shown
    assert "You read along." in shown
    assert status(mate, "messaging.conversation", conversation_id=secret.id, **here) == 404
    assert looks(mate.user_id) == ["messaging:inbox:view", "messaging:conversation:view"]
    assert queries.conversation(account.tenant, MAYA).unread == 1  # Bob has not read it yet


def test_a_notice_that_failed_told_nobody(mate, bobs_talks):
    share()
    account, talk, _ = bobs_talks
    with unit_of_work():
        db.session.execute(
            update(Message)
            .where(Message.purpose == system.TEAM_NOTICE)
            .values(state=State.UNDELIVERED)
        )
    assert (
        status(mate, "messaging.conversation", account_id=account.id, conversation_id=talk.id)
        == 404
    )


def test_a_mate_does_nothing_else_in_the_account(app, mate, bobs_talks):
    """The whole map of routes: what needs more than reading talks is closed (S1)."""
    share()
    account, talk, _ = bobs_talks
    wrong = []
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], "access", None)
        if "account_id" not in rule.arguments or not isinstance(access, Permission):
            continue
        ids = {name: uuid4() for name in rule.arguments} | {"account_id": account.id}
        if "conversation_id" in ids:
            ids["conversation_id"] = talk.id
        for name, converter in rule._converters.items():
            if type(converter).__name__ != "UUIDConverter":
                ids[name] = 7 if isinstance(converter, IntegerConverter) else "x"
        for method in sorted(rule.methods & {"GET", "POST"}):
            got = status(mate, rule.endpoint, method, **ids)
            fine = got in {200, 404} if access is Permission.READ_TALKS else got in {403, 405}
            if not fine:
                wrong.append(f"{method} {rule.rule} ({access}) gave {got}")
    assert wrong == []


def test_only_agents_of_the_same_team_are_mates(bobs_talks):
    share()
    account = bobs_talks[0]
    other = person("Ola Berg", organization_id=cast.JUNIPER, role=Role.AGENT)
    asked = [(other.id, Role.AGENT), (cast.BOB, Role.AGENT), (cast.VERA, Role.COMPLIANCE_OFFICER),
             (cast.PAT, Role.ADMIN), (cast.MALLORY, Role.TEAM_LEAD)]  # fmt: skip
    assert [accounts.reads_along(who, role, account) for who, role in asked] == [False] * 5
    assert people_queries.organization_settings(cast.JUNIPER).shares_talks


def test_the_menu_of_accounts_names_those_one_reads_along_in(mate, bobs_talks):
    share()
    page = mate.get("texting_accounts.switch")
    assert "A team mate's: you read along" in page.text
    assert page.page.find("a", href=mate.url("messaging.inbox", account_id=cast.BOBS))
