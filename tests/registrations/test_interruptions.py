"""Every step of registering, broken off in every way: nothing is lost, nothing sent in twice (N-5)."""

from datetime import timedelta
from uuid import UUID

import pytest

from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.gateways.registrations import Decision, Reason, Review
from portal.numbers import queries as numbers
from portal.registrations import service as registrations
from portal.registrations.rules.steps import MAKING, STEPS
from portal.registrations.values import Kind, State, Step
from tests import cast
from tests.factories.numbers import make_sender
from tests.registrations.conftest import ALICE, advance, complete, now, save, send_in

LEASE = timedelta(seconds=121)
LAG = timedelta(minutes=16)
# The call of the gateway in which a step does its work.
CALLS = {
    Step.PRIMARY: "primary_profile",
    Step.PROFILE: "create_profile",
    Step.ADDRESS: "create_address",
    Step.BUSINESS: "create_business",
    Step.REPRESENTATIVE: "create_representative",
    Step.ADDRESS_DOCUMENT: "create_address_document",
    Step.ATTACH_PROFILE: "attach_profile",
    Step.SUBMIT_PROFILE: "submit_profile",
    Step.A2P_PROFILE: "create_a2p_profile",
    Step.A2P_INFORMATION: "create_a2p_information",
    Step.ATTACH_A2P: "attach_a2p_profile",
    Step.SUBMIT_A2P: "submit_a2p_profile",
    Step.BRAND: "create_brand",
    Step.AWAIT_BRAND: "see_brand",
    Step.CAMPAIGN: "create_campaign",
    Step.AWAIT_CAMPAIGN: "see_campaign",
    Step.VERIFICATION: "create_verification",
    Step.AWAIT_VERIFICATION: "see_verification",
}
A2P = [step for step in STEPS[Kind.A2P] if step in CALLS]
TOLL_FREE = [step for step in STEPS[Kind.TOLL_FREE] if step in CALLS]
REVOKED = GatewayRejected("Authenticate", 20003, 401)
FAULTS = {
    "500, not done": ("failures", GatewayUnclear("500")),
    "429": ("failures", GatewayBusy("429")),
    "401": ("failures", REVOKED),
    "500, yet done": ("lost_answers", GatewayUnclear("500")),
}


class Killed(BaseException):
    """The worker is gone: not even an error is written down."""


@pytest.fixture
def toll_free(registrar, form, northside):
    sender = make_sender(northside, "+18335550160", is_registered=False)
    with unit_of_work():
        begun = registrations.begin_toll_free(cast.JUNIPER, sender.e164, actor=ALICE)
    return complete(begun)


def the(request, step):
    return request.getfixturevalue("draft" if step in A2P else "toll_free")


def patiently(known, clock):
    """Let time pass and the job run until it is registered."""
    for _ in range(12):
        known = advance(known)
        if known.state is State.REGISTERED:
            return known
        clock.travel(by=timedelta(minutes=20))
    raise AssertionError(known)


def is_once(registrar, step):
    """Whatever was made was made once, and sent in once: the fake refuses a second of anything."""
    made = registrar.brands, registrar.campaigns, registrar.verifications
    ends = (1, 1, 0) if step in A2P else (0, 0, 1)
    return tuple(len(one) for one in made) == ends and len(registrar.sent_in) == len(
        set(registrar.sent_in)
    )


@pytest.mark.parametrize("step", [*A2P, *TOLL_FREE])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_step_that_failed_is_gone_on_with(request, registrar, clock, step, fault):
    known = the(request, step)
    where, error = FAULTS[fault]
    getattr(registrar, where)[CALLS[step]] = [error]
    known = advance(send_in(known))
    if known.state is not State.REGISTERED:
        assert known.step is step
        assert known.trouble is not None
        assert known.next_at is not None
    known = patiently(known, clock)
    assert known.trouble is None
    assert is_once(registrar, step)
    assert all(sender.may_send for sender in numbers.ready_of_organization(cast.JUNIPER))


@pytest.mark.parametrize("step", [*A2P, *TOLL_FREE])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_worker_loses_nothing(request, registrar, clock, step, when):
    known = the(request, step)
    where = registrar.failures if when == "before" else registrar.lost_answers
    where[CALLS[step]] = [Killed()]
    sent = send_in(known)
    if when == "after" and step not in MAKING and not CALLS[step].startswith(("attach", "submit")):
        where[CALLS[step]].clear()  # a look leaves nothing behind
        registrar.failures[CALLS[step]] = [Killed()]
    with pytest.raises(Killed):
        advance(sent)
    assert now(sent).is_in_progress
    assert advance(sent).step is step  # its lease still holds: nobody does it at the same time
    clock.travel(by=LEASE)
    known = patiently(sent, clock)
    assert is_once(registrar, step)


def taken_no_more(draft, registrar):
    """A draft whose first campaign is rejected for good, changed, and sent in again."""
    reason = Reason(30897, "Disallowed content")
    registrar.reviews["campaign"] = Review("FAILED", Decision.REJECTED, (reason,), None, False)
    rejected = advance(send_in(draft))
    assert (rejected.state, rejected.needs_new_campaign) == (State.REJECTED, True)
    first = rejected.sids[Step.CAMPAIGN]
    save(rejected, description=f"{rejected.details.description} Nothing else is texted.")
    return first, send_in(now(rejected))


def is_replaced(registrar, known, first):
    """The old campaign is gone, and there is one other with the new words."""
    [campaign] = registrar.campaigns.values()
    return (
        campaign != first
        and known.sids[Step.CAMPAIGN] == campaign
        and len(registrar.campaign_texts) == 2
        and registrar.campaign_texts[1].description == known.details.description
        and len(registrar.brands) == 1
    )


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_a_campaign_taken_no_second_time_makes_way_for_another(draft, registrar, clock, fault):
    first, sent = taken_no_more(draft, registrar)
    if fault is not None:
        where, error = FAULTS[fault]
        getattr(registrar, where)["withdraw_campaign"] = [error]
    known = patiently(sent, clock)
    assert is_replaced(registrar, known, first)


@pytest.mark.parametrize("where", ["failures", "lost_answers"])
def test_a_worker_killed_while_a_campaign_is_taken_back_loses_nothing(
    draft, registrar, clock, where
):
    first, sent = taken_no_more(draft, registrar)
    getattr(registrar, where)["withdraw_campaign"] = [Killed()]
    with pytest.raises(Killed):
        advance(sent)
    clock.travel(by=LEASE)
    assert is_replaced(registrar, patiently(sent, clock), first)


def test_a_campaign_the_carriers_took_after_all_stays(draft, registrar, clock):
    """Twilio's support looked again while somebody changed it here."""
    first, sent = taken_no_more(draft, registrar)
    del registrar.reviews["campaign"]
    known = patiently(sent, clock)
    assert (known.sids[Step.CAMPAIGN], len(registrar.campaign_texts)) == (first, 1)


@pytest.mark.parametrize("step", sorted(MAKING))
def test_what_lists_do_not_show_yet_is_not_made_again(request, registrar, clock, step):
    """PROMISES 1.3: a list that lacks something new proves nothing."""
    known = the(request, step if step in A2P else Step.VERIFICATION)
    registrar.lost_answers[CALLS[step]] = [GatewayUnclear("lost")]
    steps_before = (A2P if step in A2P else TOLL_FREE).index(step)
    sent = send_in(known)
    registrar.is_lagging = True
    known = advance(sent)
    assert known.step is step
    assert steps_before == len([s for s in STEPS[known.kind] if s not in known.todo])
    clock.travel(by=timedelta(minutes=5))
    known = advance(known)  # made already, not shown: the fake would refuse a second one
    assert (known.step, known.trouble.sentence[:22]) == (step, "Twilio did not answer ")
    registrar.is_lagging = False
    clock.travel(by=timedelta(minutes=2))
    assert patiently(known, clock).state is State.REGISTERED
    assert is_once(registrar, step if step in A2P else Step.VERIFICATION)


def test_what_was_never_made_is_made_once_lists_would_show_it(draft, registrar, clock):
    registrar.failures["create_brand"] = [GatewayUnclear("lost")]
    known = advance(send_in(draft))
    for _ in range(3):
        clock.travel(by=timedelta(minutes=4))
        known = advance(known)
        assert (known.step, registrar.brands) == (Step.BRAND, {})
    clock.travel(by=LAG)
    assert advance(known).state is State.REGISTERED


RESUBMITS = {
    "brand": (Step.RESUBMIT_BRAND, ["update_business", "submit_profile", "resubmit_brand"]),
    "campaign": (Step.RESUBMIT_CAMPAIGN, ["update_business", "resubmit_campaign"]),
}


@pytest.mark.parametrize("what", RESUBMITS)
@pytest.mark.parametrize("call", [0, -1])
@pytest.mark.parametrize("fault", FAULTS)
def test_sending_in_again_survives_the_same(draft, registrar, clock, what, call, fault):
    registrar.reviews[what] = Review("FAILED", Decision.REJECTED, (Reason(30908, "no"),))
    known = advance(send_in(draft))
    assert known.state is State.REJECTED
    save(known, legal_name="Juniper Realty Group LLC")
    known = now(known)
    where, error = FAULTS[fault]
    getattr(registrar, where)[RESUBMITS[what][1][call]] = [error]
    known = advance(send_in(known))
    registrar.reviews.pop(what) if registrar.reviews[what].decision is Decision.PENDING else None
    for _ in range(8):
        clock.travel(by=timedelta(minutes=20))
        known = advance(known)
        if registrar.reviews.get(what, Review("", Decision.APPROVED)).decision is Decision.PENDING:
            registrar.reviews.pop(what)
    assert known.state is State.REGISTERED
    assert len(registrar.sent_in) == len([*registrar.brands, *registrar.campaigns]) + 3
    [business] = {sid for (thing, _), sid in registrar.things.items() if thing == "business"}
    assert registrar.written[business].legal_name == "Juniper Realty Group LLC"


def test_an_older_run_is_not_believed(draft, registrar, clock):
    sent = send_in(draft)
    with unit_of_work():
        old = registrations.claim(sent.id)
    clock.travel(by=LEASE)
    with unit_of_work():
        new = registrations.claim(sent.id)
    outcome = registrations.carry_out(old)
    with unit_of_work():
        assert registrations.settle(old, outcome) is False
    assert now(sent).todo == STEPS[Kind.A2P]
    outcome = registrations.carry_out(new)
    with unit_of_work():
        assert registrations.settle(new, outcome) is True


def test_a_registration_nobody_knows_is_left_alone(app):
    with unit_of_work():
        assert registrations.claim(UUID(int=7)) is None
