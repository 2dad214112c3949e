"""What the last look before the carrier asks anew, hours after confirm (PROMISES 2.3, 3.8)."""

from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.contacts import service as contacts
from portal.core.access import Role
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.integrations.service import keys
from portal.messaging.queries import recovery as records
from portal.messaging.rules import gates
from portal.messaging.rules.gate_facts import AccountFacts, TextFacts
from portal.messaging.service import fence, sending
from portal.messaging.values import Fate, FenceCause, Kind, State
from portal.people.models import Membership, User
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountState
from tests.cast import ALICE, BOB, JUNIPER
from tests.factories.integrations import make_key
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    texts,
)
from workers import sweeps as scheduled
from workers.sending import drain


def test_a_number_that_became_unreachable_after_confirm_is_left_out(
    northside, sender, carrier_fake
):
    """S-10: another text's failure taught us; no credit is spent on it."""
    people = make_recipients(northside, 2)
    make_campaign(northside, people)
    with unit_of_work():
        contacts.lock_numbers(JUNIPER, [people[0].number.e164])
        contacts.mark_unreachable(JUNIPER, people[0].number.e164, 30005)
    drain(str(northside.id))
    assert [(t.state, t.reason_code) for t in texts(northside)] == [
        (State.BLOCKED, "unreachable"),
        (State.ACCEPTED, None),
    ]
    assert billing.balance(northside.id).spent == 1


def _disabled():
    db.session.get(User, ALICE).active = False


def _another_role():
    db.session.get(Membership, (JUNIPER, ALICE)).role = Role.COMPLIANCE_OFFICER


def _left_the_organization():
    db.session.delete(db.session.get(Membership, (JUNIPER, ALICE)))


@pytest.mark.parametrize("what", [_disabled, _another_role, _left_the_organization])
def test_who_may_no_longer_send_sends_no_more(what, northside, sender, carrier_fake):
    """PROMISES 3.8: the role is asked again at each text, not at confirm alone."""
    make_campaign(northside, [make_recipient(northside)])
    with unit_of_work():
        what()
    drain(str(northside.id))
    assert only_text(northside).reason_code == "blocked_actor"
    assert (len(carrier_fake.sent), billing.balance(northside.id).reserved) == (0, 0)


def test_who_left_the_account_sends_no_more_from_it(northside, sender, carrier_fake):
    """Bob works in Northside's shared account, and his team is not his to lead."""
    person = make_recipient(northside)
    with unit_of_work():
        sending.confirm(
            northside, [person], bulk(), nonce="n", shown_key=None, actor=Actor(BOB, "Bob Tran")
        )
        account_service.remove_account_member(northside.id, BOB, actor=ALICE_ACTS)
    drain(str(northside.id))
    assert only_text(northside).reason_code == "blocked_actor"


def test_a_fence_holds_every_kind_of_text_and_frees_it_when_lifted(northside, sender, carrier_fake):
    """I14: no submission of any kind; nothing is lost by it."""
    make_campaign(northside, make_recipients(northside, 2))
    make_campaign(northside, [make_recipient(northside)], one_to_one())
    with unit_of_work():
        assert fence.trip(JUNIPER, FenceCause.STRAYS)
        assert not fence.trip(JUNIPER, FenceCause.OLDER)  # one stands already
    drain(str(northside.id))
    assert {(t.state, t.reason_code) for t in texts(northside)} == {
        (State.HELD, gates.RECORDS_IN_DOUBT)
    }
    assert scheduled.release_mended() == 0
    with unit_of_work():
        began = utcnow() + timedelta(minutes=15)
        fence.looked(records.fence(JUNIPER), began, recovered=0, learned=0)
        fence.lift(JUNIPER, reason="All explained.", waiting=fence.Waiting.SEND, actor=SYSTEM)
    assert scheduled.release_mended() == 3
    drain(str(northside.id))
    assert {t.state for t in texts(northside)} == {State.ACCEPTED}


@pytest.mark.parametrize(
    ("kind", "outcome"), [(Kind.BULK, Fate.HELD), (Kind.ONE_TO_ONE, None), (Kind.SYSTEM, None)]
)
def test_only_bulk_texts_wait_while_texts_of_an_outage_are_read(kind, outcome, clock):
    """PROMISES 2.4: replies to people go on."""
    gate = gates.caught_up(TextFacts(kind, clock.now, "+13125550101", is_catching_up=True))
    assert (gate.outcome if gate else None) is outcome


def test_a_fence_is_named_before_any_other_trouble_of_the_account():
    facts = AccountFacts(AccountState.PAUSED, None, False, None, records_in_doubt=True)
    assert gates.account_gate(facts).code == gates.RECORDS_IN_DOUBT


@pytest.mark.parametrize("is_revoked", [False, True])
def test_a_text_of_a_key_goes_unless_the_key_was_revoked_meanwhile(
    northside, sender, carrier_fake, is_revoked, clock
):
    """PROMISES 3.8: a stolen key's texts that still wait are not sent; an ended key's are."""
    someone = make_recipient(northside)
    key, _ = make_key(northside, expires_at=clock.now + timedelta(hours=1))
    with unit_of_work():
        sending.confirm(
            northside,
            [someone],
            one_to_one(),
            nonce="n" * 16,
            shown_key=None,
            actor=key.actor(None),
        )
        if is_revoked:
            keys.revoke_key(northside.tenant, key.id, actor=ALICE_ACTS)
    clock.travel(by=timedelta(hours=2))
    drain(str(northside.id))
    text = only_text(northside)
    if is_revoked:
        assert (text.state, text.reason_code) == (State.BLOCKED, "blocked_actor")
        assert carrier_fake.sent == []
    else:
        assert text.state is State.ACCEPTED
