"""Who may be off-boarded, and what that comes to, word by word (SPEC 1)."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from portal.core.access import Role
from portal.leaving import rules
from portal.leaving.values import (
    Choice,
    Choices,
    Held,
    HeldAccount,
    PlanFate,
    Receiver,
    SharedAccount,
)
from portal.people.values import MemberRow
from portal.texting_accounts.values import AccountRef, AccountState

ZONE = "America/Chicago"
ASKS, ROBIN, KIM, TEAM, OWN, SHARED, HOME = (UUID(int=place) for place in range(1, 8))
PERSON = MemberRow(ROBIN, "Robin Vale", "robin@x.example", Role.AGENT, ("East",), (TEAM,), True, False)  # fmt: skip
KIM_GETS, TEAM_GETS = Receiver("Kim Ito", user_id=KIM), Receiver("East", team_id=TEAM)


def account(id_=OWN, name="Robin Vale", owner=ROBIN, team=None):
    return AccountRef(id_, HOME, name, owner, team, ZONE, AccountState.ACTIVE, None, 200, 2000)


FULL = HeldAccount(
    account(),
    numbers=("+13125550142",),
    left=480,
    plan_name="Starter",
    ends_at=datetime(2026, 4, 1, 5, tzinfo=UTC),
    contacts=1204,
    talks=38,
    unanswered=2,
    waiting=3,
    credits_back=4,
    in_plans=12,
    tasks=1,
    keys=2,
    webhooks=1,
    forwarded=("+13125550142",),
    forms=1,
    appeals=1,
)
EMPTY = HeldAccount(account())
TEXTS = "3 waiting or planned texts: canceled, with 4 credits back."
SHUT = ("2 API keys: revoked.", "Calls to (312) 555-0142: forwarded to nobody any more.")


def lines_of(one, choice):
    held = Held(PERSON, own=(one,))
    heading, _person = rules.plan(held, Choices({one.ref.id: choice}), ZONE)
    assert heading.title == "Account Robin Vale"
    return heading.lines


def test_an_account_that_is_given_takes_everything_with_it():
    assert lines_of(FULL, Choice(KIM_GETS)) == (
        (
            "The account goes to Kim Ito. With it go (312) 555-0142, 1,204 contacts, 38 conversations, "
            "480 credits, the subscription Starter as it is paid, 1 open task, and all consent records "
            "and opt-outs."
        ),
        TEXTS,
        "12 people in SmartPlans: paused until somebody resumes them.",
        SHUT[0],
        "1 webhook: removed.",
        SHUT[1],
        "Conversations and tasks of Robin Vale: to Kim Ito.",
        "2 conversations still without an answer.",
        "1 open appeal: goes on with the account.",
        "1 published form: look whether Robin Vale is named there.",
    )


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(TEAM_GETS), "The account goes to team East, which shares it from then on."),
        (Choice(TEAM_GETS), "Conversations and tasks of Robin Vale: free for whoever works there."),
        (Choice(KIM_GETS, PlanFate.GO_ON), "12 people in SmartPlans: on with their next step."),
        (Choice(KIM_GETS, PlanFate.END), "12 people in SmartPlans: taken out for good."),
        (Choice(KIM_GETS, keeps_webhooks=True), "1 webhook: kept, and posted to as before."),
        (Choice(None), "12 people in SmartPlans: their plans end."),
        (Choice(None), "Starter ends on 1 Apr 2026. Nothing is paid back."),
        (Choice(None), "484 credits left: to lapse with it."),
        (Choice(None), "(312) 555-0142: back to the carrier once no subscription runs."),
        (Choice(None, keeps_webhooks=True), "1 webhook: removed."),
        (Choice(None), "1 open appeal: stays as it is."),
        (Choice(None), "1,204 contacts, 38 conversations, all consent records and opt-outs: kept for the record, under Robin Vale."),
    ],
)  # fmt: skip
def test_each_choice_says_what_it_does(choice, said):
    found = lines_of(FULL, choice)
    assert any(line.startswith(said) for line in found)
    assert TEXTS in found
    assert set(SHUT) <= set(found)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(KIM_GETS), ("The account goes to Kim Ito. With it go 0 contacts, 0 conversations, 0 credits, and all consent records and opt-outs.", "Conversations and tasks of Robin Vale: to Kim Ito.")),
        (Choice(None), ("The account is closed for good: nobody can open it again.", "0 contacts, 0 conversations, all consent records and opt-outs: kept for the record, under Robin Vale.")),
    ],
)  # fmt: skip
def test_what_there_is_not_is_not_spoken_of(choice, said):
    assert lines_of(EMPTY, choice) == said


@pytest.mark.parametrize(
    ("shared", "to", "said"),
    [
        (SharedAccount(account()), None, ()),
        (SharedAccount(account(), talks=2, tasks=1), None, ("2 conversations: free for whoever works there.", "1 open task: free for whoever works there.")),
        (SharedAccount(account(), talks=1), KIM_GETS, ("1 conversation: to Kim Ito.",)),
        (SharedAccount(account(), waiting=1), KIM_GETS, ("1 waiting or planned text of Robin Vale: canceled, the credits come back.",)),
    ],
)  # fmt: skip
def test_a_shared_account_stays_with_its_team(shared, to, said):
    shared = replace(shared, ref=account(SHARED, "East", None, TEAM))
    heading, _ = rules.plan(Held(PERSON, shared=(shared,)), Choices(shared={SHARED: to}), ZONE)
    assert heading.title == "Shared account East"
    assert heading.lines == ("Robin Vale no longer works in this shared account.", *said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ("Robin Vale can’t sign in from that moment on.",)),
        ({"person": replace(PERSON, is_active=False)}, ("Robin Vale can’t sign in already.",)),
        (
            {"sessions": 1, "keys": 2, "appeals": 1, "saved": 3, "closed": 1},
            (
                "Robin Vale can’t sign in from that moment on.",
                "1 browser: signed out.",
                "2 API keys made by Robin Vale in other accounts: revoked.",
                "1 appeal that Robin Vale works on: free, to be given anew.",
                "3 saved replies: kept for the record.",
                "1 closed account: kept for the record.",
            ),
        ),
    ],
)
def test_the_person_is_locked_out_and_evidence_stays(changes, said):
    [heading] = rules.plan(replace(Held(PERSON), **changes), Choices(), ZONE)
    kept = "What was done, consent records, opt-outs and the audit log: kept, under that name."
    assert heading.lines == (*said, kept)


@pytest.mark.parametrize(
    ("person", "asks", "role", "elsewhere", "last", "said"),
    [
        (PERSON, ASKS, Role.TEAM_LEAD, False, False, None),
        (replace(PERSON, role=Role.TEAM_LEAD), ASKS, Role.TEAM_LEAD, False, False, None),
        (PERSON, ROBIN, Role.TEAM_LEAD, False, False, "Nobody off-boards themselves."),
        (replace(PERSON, role=Role.COMPLIANCE_OFFICER), ASKS, Role.TEAM_LEAD, False, False, "not yours to give or take"),
        (PERSON, ASKS, Role.AGENT, False, False, "not yours to give or take"),
        (PERSON, ASKS, Role.TEAM_LEAD, True, False, "works for another organization too"),
        (replace(PERSON, role=Role.TEAM_LEAD), ASKS, Role.TEAM_LEAD, False, True, "is the last team lead. Appoint another one first."),
    ],
)  # fmt: skip
def test_who_may_be_off_boarded_by_whom(person, asks, role, elsewhere, last, said):
    why = rules.refusal(person, asks=asks, role=role, works_elsewhere=elsewhere, is_last_lead=last)
    assert why is None if said is None else said in why


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"sessions": 3, "saved": 1}, True),
        ({"own": (replace(FULL, waiting=0, talks=99),)}, True),
        ({"own": ()}, False),
        ({"own": (FULL, replace(EMPTY, ref=account(SHARED)))}, False),
        ({"own": (replace(FULL, ref=account(name="Renamed")),)}, False),
        ({"own": (replace(FULL, ref=account(owner=KIM)),)}, False),
        ({"shared": (SharedAccount(account(SHARED)),)}, False),
        ({"person": replace(PERSON, role=Role.TEAM_LEAD)}, False),
    ],
)
def test_a_summary_holds_while_what_there_is_to_decide_stays_the_same(changes, holds):
    """Figures that move by themselves don't end it."""
    held = Held(PERSON, own=(FULL,))
    assert (rules.seen(replace(held, **changes)) == rules.seen(held)) is holds


def test_what_was_not_decided_is_named():
    held = Held(PERSON, own=(FULL,))
    assert rules.missing(held, Choices()) == [OWN]
    assert rules.missing(held, Choices({OWN: Choice(None)})) == []


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, True),
        ({"sessions": 1, "saved": 2, "closed": 1}, True),
        ({"person": PERSON}, False),
        ({"own": (EMPTY,)}, False),
        ({"shared": (SharedAccount(account(SHARED)),)}, False),
        ({"keys": 1}, False),
        ({"appeals": 1}, False),
    ],
)
def test_who_holds_nothing_and_cannot_sign_in_has_left(changes, gone):
    held = Held(replace(PERSON, is_active=False))
    assert replace(held, **changes).is_gone is gone
