"""What off-boarding does: all of it together, once, and evidence stays (SPEC 1, I9)."""

import pytest
from sqlalchemy import select

from portal.appeals.queries import case_or_404
from portal.appeals.service import handling
from portal.billing import queries as billing
from portal.calls import queries as calls
from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.core.access import Role
from portal.core.audit import SYSTEM, Actor, AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.drips.values import EnrolmentState
from portal.integrations import queries as integrations
from portal.integrations.service import endpoints
from portal.leaving import queries, rules
from portal.leaving.errors import CannotLeave, ChangedSince, NotTyped
from portal.leaving.values import Choices, PlanFate, Receiver
from portal.messaging import queries as messaging
from portal.messaging.models import Message
from portal.messaging.service import assigning, sending
from portal.messaging.values import Draft, Kind, State
from portal.notifications import queries as notices
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.people import service as people_service
from portal.tasks import queries as tasks
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.errors import AccountClosed, GivenMeanwhile
from portal.texting_accounts.values import AccountState
from tests import cast
from tests.factories.appeals import make_appeal
from tests.factories.drips import place_of
from tests.factories.integrations import make_endpoint
from tests.factories.messaging import make_campaign, make_recipient, texts
from tests.factories.people import person as make_person
from tests.leaving.world import ALICES, BOB_ACTS, TEAM, choose, go, held
from tests.meanwhile import all_at_once
from tests.messaging.talks import hear

LOST = ("people:member:disable", "accounts:account:give", "leaving:person:off-board")


def events(*names):
    db.session.rollback()
    return list(
        db.session.scalars(
            select(AuditEntry)
            .where(AuditEntry.chain == cast.JUNIPER, AuditEntry.event.in_(names))
            .order_by(AuditEntry.position)
        )
    )


def account(id_=cast.BOBS):
    db.session.rollback()
    return accounts.account(id_)


def test_in_plain_figures_what_somebody_holds(world):
    now = held()
    [own], [shared] = now.own, now.shared
    assert (own.ref.id, shared.ref.id) == (cast.BOBS, cast.NORTHSIDE)
    assert own.numbers == own.forwarded == (world.sender.e164,)
    assert (own.contacts, own.talks, own.unanswered, own.waiting) == (3, 1, 1, 2)
    assert (own.credits_back, own.in_plans, own.keys, own.webhooks) == (2, 1, 1, 1)
    assert own.left == billing.balance(cast.BOBS).available > 0
    assert own.plan_name == billing.subscription(cast.BOBS).plan.name
    assert (shared.talks, shared.tasks, shared.waiting) == (1, 1, 0)
    assert [to.user_id for to in shared.receivers] == [cast.ALICE]
    assert (now.keys, now.webhooks, now.saved, now.appeals, now.closed) == (1, 1, 1, 0, 0)


def test_an_account_goes_to_somebody_with_all_it_holds(world, bob):
    before = consent.standings(world.bobs.tenant, [world.people[0].number.e164], utcnow())
    assert go()
    now = account()
    assert (now.owner_user_id, now.state) == (cast.ALICE, AccountState.ACTIVE)
    assert contacts.count(now.tenant) == 3
    assert numbers.default_sender(now.id).e164 == world.sender.e164
    after = consent.standings(now.tenant, [world.people[0].number.e164], utcnow())
    assert after == before
    assert billing.has_active_subscription(now.id)
    assert billing.check_books(now.id) == []
    assert {text.state for text in texts(now)} == {State.CANCELED}
    assert billing.balance(now.id).reserved == 0
    assert place_of(now, world.people[2]).state is EnrolmentState.PAUSED
    bob.get("reports.home", 303)  # signed out at once


def test_nobody_gets_in_by_what_the_person_knew(world):
    go()
    db.session.rollback()
    assert people.person(cast.BOB, cast.JUNIPER) is None
    assert people.sessions(cast.BOB) == []
    for key in (world.key, world.shared_key):
        assert integrations.find_key(key.tenant, key.id).revoked_at is not None
    assert integrations.endpoints(world.bobs.tenant) == []
    assert calls.forwarding(world.bobs.tenant, world.sender.id).phone is None
    assert accounts.accounts_for(cast.BOB, cast.JUNIPER, Role.AGENT) == []


def test_what_is_the_persons_in_a_shared_account_goes_where_it_was_chosen(world):
    go(choose(mine=ALICES))
    talk = messaging.conversation_by_id(world.northside.tenant, world.talk.id)
    assert talk.assignee_id == cast.ALICE
    with pytest.raises(NotFound):
        with unit_of_work():
            account_service.remove_account_member(cast.NORTHSIDE, cast.BOB, actor=SYSTEM)


def test_without_a_choice_it_is_free_for_whoever_works_there(world):
    go()
    talk = messaging.conversation_by_id(world.northside.tenant, world.talk.id)
    assert talk.assignee_id is None
    assert tasks.get_or_404(world.northside.tenant, world.task_id).for_id is None
    assert [member.user_id for member in accounts.members(cast.NORTHSIDE)] == [cast.ALICE]


@pytest.mark.parametrize(
    ("fate", "state"),
    [(PlanFate.GO_ON, EnrolmentState.ACTIVE), (PlanFate.END, EnrolmentState.ENDED)],
)
def test_plans_go_on_or_end_as_was_chosen(world, fate, state):
    go(choose(plans=fate))
    assert place_of(world.bobs, world.people[2]).state is state


def test_webhooks_of_the_brokerage_are_kept_where_that_was_chosen(world):
    go(choose(keeps_webhooks=True))
    [kept] = integrations.endpoints(world.bobs.tenant)
    assert (kept.id, kept.is_on) == (world.endpoint.id, True)
    assert held().is_gone


def test_what_people_write_elsewhere_no_longer_goes_to_the_leavers_address(world):
    """A webhook added in an account of others is off until somebody there answers for it."""
    theirs = make_endpoint(world.northside, "https://crm.example.com/in")[0]
    tenant, hook = world.northside.tenant, world.shared_endpoint
    go()
    off = integrations.endpoint_or_404(tenant, hook.id)
    assert (off.is_on, off.off_reason[:8]) == (False, "Bob Tran")
    assert integrations.endpoint_or_404(tenant, theirs.id).is_on
    assert any("switched off" in one.title for one in notices.latest(cast.ALICE))
    [entry] = events("integrations:webhook:switch-off")
    assert entry.subject_id == hook.id
    assert held().is_gone
    with unit_of_work():
        endpoints.switch_on(tenant, hook.id, actor=Actor(cast.ALICE, "Alice Moreno", None))
    assert held().is_gone


def test_a_team_shares_what_it_is_given_and_its_leads_are_told(world):
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD, team_id=cast.NORTHSIDE_TEAM)  # fmt: skip
    go(choose(TEAM))
    now = account()
    assert (now.owner_user_id, now.team_id) == (None, cast.NORTHSIDE_TEAM)
    [told] = [n for n in notices.latest(zoe.id) if n.kind == "assigned" and "came to" in n.title]
    assert told.title == "The account Bob Tran came to Northside"
    assert not [n for n in notices.latest(cast.ALICE) if "came to" in n.title]


def test_a_closed_account_asks_for_its_name_and_nothing_is_done_without(world):
    with pytest.raises(NotTyped) as refused:
        go(choose(None), typed={cast.BOBS: "Rob Tran"})
    assert refused.value.account_id == cast.BOBS
    assert account().state is AccountState.ACTIVE
    assert people.person(cast.BOB, cast.JUNIPER) is not None
    assert events(*LOST) == []
    go(choose(None, keeps_webhooks=True), typed={cast.BOBS: "bob tran"})
    assert integrations.endpoints(world.bobs.tenant) == []  # as its summary says
    assert account().state is AccountState.CLOSED
    assert place_of(world.bobs, world.people[2]).state is EnrolmentState.ENDED
    assert contacts.count(world.bobs.tenant) == 3
    assert held().is_gone


def test_a_second_click_changes_nothing(world):
    """I9."""
    assert go()
    entries = len(events(*LOST))
    assert not go(mark="whatever it was")
    assert len(events(*LOST)) == entries == 3


def test_two_clicks_at_once_do_it_once(app, world):
    """I9."""
    mark = rules.seen(held())

    def click():
        return go(mark=mark)

    done = all_at_once(app, click, click)
    assert sorted(done) == [False, True]
    assert len(events(*LOST)) == 3


def test_the_log_says_what_was_done_and_why(world):
    go()
    left = queries.left(cast.JUNIPER, cast.BOB)
    assert (left.by, left.reason) == ("Alice Moreno", "Moved to Texas")
    assert [one.title for one in left.done] == [
        "Account Bob Tran",
        "Shared account Northside",
        "Bob Tran",
    ]
    assert "2 waiting or planned texts: canceled, with 2 credits back." in left.done[0].lines
    [given] = events("accounts:account:give")
    assert given.payload == {"before": {"user": str(cast.BOB)}, "after": {"user": str(cast.ALICE)}}


def test_a_stop_is_still_confirmed_and_texts_of_others_still_go(world):
    """What the system owes a person goes; in shared accounts only the leaver's texts end."""
    hear(world.bobs, "Stop!", world.people[1].number.e164)
    make_campaign(world.northside, [make_recipient(world.northside)])
    go()
    kept = db.session.scalars(select(Message.state).where(Message.account_id == cast.BOBS, Message.kind == Kind.SYSTEM)).all()  # fmt: skip
    assert kept == [State.QUEUED]
    assert {text.state for text in texts(world.northside)} == {State.QUEUED}


def test_an_appeal_goes_on_with_the_account(world):
    case, _ = make_appeal(world.bobs, "Bulk texts", actor=BOB_ACTS)
    with unit_of_work():
        handling.assign(case_or_404(case.tenant, case.id), cast.BOB, actor=SYSTEM)
    assert held().own[0].appeals == 1
    go()
    assert case_or_404(case.tenant, case.id).assignee_id == cast.ALICE


@pytest.mark.parametrize("change", ["renamed", "given", "joined"])
def test_a_summary_that_no_longer_holds_does_nothing(world, change):
    mark = rules.seen(held())
    with unit_of_work():
        if change == "renamed":
            account_service.edit_account(cast.BOBS, name="Bob", timezone="America/Chicago", actor=SYSTEM)  # fmt: skip
        elif change == "given":
            account_service.give_account(account(), owner_user_id=cast.ALICE, actor=SYSTEM)
        else:
            account_service.open_account(cast.JUNIPER, "Second", owner_user_id=cast.BOB, actor=SYSTEM)  # fmt: skip
    with pytest.raises(ChangedSince, match="Nothing was done"):
        go(mark=mark)
    assert people.person(cast.BOB, cast.JUNIPER) is not None


def test_nobody_outside_the_teams_gets_anything(world):
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER)
    strangers = [
        Receiver("Zoe", user_id=zoe.id),
        Receiver("Vera", user_id=cast.VERA),
        Receiver("Bob", user_id=cast.BOB),
        Receiver("Mallory", user_id=cast.MALLORY),
        Receiver("Lakeview", team_id=cast.LAKEVIEW_TEAM),
    ]
    for stranger in strangers:
        with pytest.raises(ChangedSince):
            go(choose(stranger))
        with pytest.raises(ChangedSince):
            go(choose(mine=stranger))
    assert account().owner_user_id == cast.BOB


def test_who_can_not_be_off_boarded(world):
    with pytest.raises(CannotLeave, match="Nobody off-boards themselves"):
        go(user_id=cast.ALICE)
    with pytest.raises(NotFound):
        go(user_id=cast.VERA)  # in no team of hers
    with unit_of_work():
        people_service.add_member(cast.LAKEVIEW_HOMES, cast.BOB, Role.AGENT, actor=SYSTEM)
    with pytest.raises(CannotLeave, match="works for another organization too"):
        go()
    assert people.person(cast.BOB, cast.JUNIPER) is not None


@pytest.mark.parametrize("has_third", [False, True])
def test_two_leads_who_off_board_each_other_leave_one(app, world, has_third):
    """The last lead stays, and who was off-boarded off-boards nobody."""
    if has_third:
        make_person("Yves Orr", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD)
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD, team_id=cast.NORTHSIDE_TEAM)  # fmt: skip
    marks = {id_: rules.seen(held(id_, cast.BOB)) for id_ in (zoe.id, cast.ALICE)}

    def click(asks, leaves):
        def work():
            try:
                return go(Choices(reason="Left"), mark=marks[leaves], user_id=leaves, asks=asks)
            except (CannotLeave, AssertionError) as error:
                return str(error)

        return work

    done = all_at_once(app, click(cast.ALICE, zoe.id), click(zoe.id, cast.ALICE))
    assert done.count(True) == 1
    db.session.rollback()
    assert len(people.leads(cast.JUNIPER)) == 1 + has_third


def test_what_a_lead_answers_in_accounts_of_others_is_shown_and_handed_on(world):
    """SPEC 1: what the summary says is what happens."""
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD, team_id=cast.NORTHSIDE_TEAM)  # fmt: skip
    acts = Actor(zoe.id, "Zoe Quist", None)
    talk = hear(world.bobs, e164=world.people[1].number.e164)
    with unit_of_work():
        assigning.assign(world.bobs, talk.id, zoe.id, was=None, actor=acts)
        sending.confirm(
            world.bobs, [world.people[2]], Draft("Hello from Juniper Realty", Kind.ONE_TO_ONE),
            nonce="zoe", shown_key=None, actor=acts,
        )  # fmt: skip
    [one] = held(zoe.id).shared
    assert (one.ref.id, one.is_member, one.talks, one.waiting) == (cast.BOBS, False, 1, 1)
    lines = next(h.lines for h in rules.plan(held(zoe.id), Choices(), "UTC") if h.title == "Account Bob Tran")  # fmt: skip
    assert lines == (
        "1 conversation: free for whoever works there.",
        "1 waiting or planned text of Zoe Quist: canceled, the credits come back.",
    )
    bob = Receiver("Bob Tran", user_id=cast.BOB)
    assert bob in one.receivers
    assert go(Choices(shared={cast.BOBS: bob}, reason="Left"), user_id=zoe.id)
    now = account()
    assert messaging.conversation_by_id(now.tenant, talk.id).assignee_id == cast.BOB
    assert now.owner_user_id == cast.BOB
    assert held(zoe.id).is_gone


def test_who_was_disabled_before_is_still_handed_over(world):
    with unit_of_work():
        people_service.disable_member(cast.JUNIPER, cast.BOB, actor=SYSTEM)
    assert not held().is_gone
    assert go()
    assert len(events("people:member:disable")) == 1
    assert held().is_gone


def test_giving_needs_one_receiver_and_the_owner_that_was_read(app, bobs):
    with unit_of_work():
        account_service.give_account(bobs, team_id=cast.NORTHSIDE_TEAM, actor=SYSTEM)
    with pytest.raises(GivenMeanwhile), unit_of_work():
        account_service.give_account(bobs, owner_user_id=cast.ALICE, actor=SYSTEM)
    now = account()
    for receivers in ({}, {"owner_user_id": cast.ALICE, "team_id": cast.NORTHSIDE_TEAM}):
        with pytest.raises(BadInput), unit_of_work():
            account_service.give_account(now, **receivers, actor=SYSTEM)
    for receivers in ({"owner_user_id": cast.MALLORY}, {"team_id": cast.LAKEVIEW_TEAM}):
        with pytest.raises(NotFound), unit_of_work():
            account_service.give_account(now, **receivers, actor=SYSTEM)
    with unit_of_work():
        account_service.close(cast.BOBS, actor=SYSTEM)
    with pytest.raises(AccountClosed), unit_of_work():
        account_service.give_account(now, owner_user_id=cast.ALICE, actor=SYSTEM)
