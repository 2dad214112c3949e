"""Setting numbers up: a row first, never two for one click, safe to go on (N-1)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear, NotFound
from portal.core.secrets_box import box
from portal.gateways.numbers import NumberSearch
from portal.numbers import queries
from portal.numbers import service as numbers
from portal.numbers.errors import (
    AccountRestricted,
    CarrierTrouble,
    NotBuying,
    NumberTaken,
    SetUpRunning,
    SubscriptionNeeded,
)
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.values import Result, SenderState
from portal.texting_accounts import service as accounts
from tests.factories.billing import make_subscription
from tests.factories.numbers import make_carrier_account, make_sender, place_of_token
from tests.numbers.conftest import STOCK

CHICAGO, OTHER, AUSTIN = STOCK


def place(account, number=CHICAGO, key=None, name="Front desk"):
    with unit_of_work():
        return numbers.place_order(
            account, number, name, request_key=key or uuid4().hex, actor=SYSTEM
        )


def settle(order, purchase):
    with unit_of_work():
        return numbers.settle(order, purchase, actor=SYSTEM)


def buy(account, number=CHICAGO, key=None):
    order = place(account, number, key)
    return settle(order, numbers.carry_out(order))


def retry(account, sender):
    with unit_of_work():
        order = numbers.retry_order(account, sender.id, actor=SYSTEM)
    return settle(order, numbers.carry_out(order)) if order.is_ours else queries.sender(sender.id)


def rows():
    return db.session.scalars(select(SenderNumber)).all()


def test_the_first_number_opens_everything_it_needs(subscribed, lessor):
    sender = buy(subscribed)
    assert (sender.state, sender.e164, sender.name) == (
        SenderState.READY,
        CHICAGO.e164,
        "Front desk",
    )
    assert (sender.is_default, sender.is_registered, sender.may_send) == (True, False, False)
    assert sender.capabilities == CHICAGO.capabilities
    assert sender.segments_per_second == 100  # the sandbox's
    bought = lessor.owned[CHICAGO.e164]
    assert sender.carrier_sid == bought.sid
    assert bought.sms_url.endswith("/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000")
    assert lessor.pools == {sender.service_sid: {bought.sid}}
    credentials = queries.credentials(subscribed.organization_id)
    assert credentials in lessor.subaccounts.values()
    account = queries.webhook_account(credentials.account_sid)
    assert account.organization_id == subscribed.organization_id
    assert queries.default_sender(subscribed.id) == sender
    assert queries.sender_by_e164(subscribed.organization_id, CHICAGO.e164) == sender


def test_the_token_is_sealed(subscribed, lessor):
    buy(subscribed)
    row = db.session.scalars(select(CarrierAccount)).one()
    token = queries.credentials(subscribed.organization_id).auth_token
    assert token not in row.sealed_token
    assert box().open(row.sealed_token, place_of_token(row)) == token


def test_the_second_number_uses_what_is_there(subscribed, lessor):
    buy(subscribed)
    lessor.calls.clear()
    second = buy(subscribed, OTHER)
    assert "create_subaccount" not in lessor.calls
    assert "create_service" not in lessor.calls
    assert (second.state, second.is_default) == (SenderState.READY, False)
    assert len(lessor.pools[second.service_sid]) == 2


def test_one_click_never_buys_two(subscribed, lessor):
    first = buy(subscribed, key="click")
    again = place(subscribed, key="click")
    assert (again.is_ours, again.sender_id) == (False, first.id)
    assert lessor.calls.count("buy") == 1
    assert len(rows()) == 1


def test_one_click_twice_at_once_is_left_to_the_first(subscribed, lessor):
    first = place(subscribed, key="click")
    second = place(subscribed, OTHER, key="click")  # whatever number it names
    assert (first.is_ours, second.is_ours, second.e164) == (True, False, CHICAGO.e164)
    assert queries.sender(first.sender_id).is_in_progress


def test_the_same_number_is_not_ordered_by_two(subscribed, lessor, lakeview):
    make_subscription(lakeview)
    buy(subscribed)
    with pytest.raises(NumberTaken):
        place(lakeview)


def test_two_people_never_open_two_subaccounts(subscribed, lessor, clock):
    place(subscribed)
    with pytest.raises(SetUpRunning):
        place(subscribed, OTHER)
    assert len(rows()) == 1  # the second order left nothing behind
    clock.travel(by=timedelta(minutes=3))
    assert place(subscribed, OTHER).is_ours


def test_numbers_need_a_subscription(northside, lessor):
    """B-1."""
    with pytest.raises(SubscriptionNeeded, match=r"You need an active subscription\."):
        place(northside)
    assert (rows(), lessor.calls) == ([], [])


def test_a_suspended_account_buys_nothing(subscribed, lessor):
    """N-7."""
    with unit_of_work():
        accounts.suspend(subscribed.id, "carrier suspension", SYSTEM)
    from tests import cast

    with pytest.raises(AccountRestricted, match="carrier suspension"):
        place(cast.account(subscribed.id))


def test_a_number_waits_for_its_campaign_and_sends_once_that_is_live(subscribed, lessor):
    """N-5: numbers that are there, and those to come."""
    sender = buy(subscribed)
    assert (sender.is_ready, sender.may_send) == (True, False)
    with unit_of_work():
        assert numbers.note_campaign(subscribed.organization_id, is_live=True) == 1
    assert queries.sender(sender.id).may_send
    assert buy(subscribed, OTHER).may_send
    with unit_of_work():
        assert numbers.note_campaign(subscribed.organization_id, is_live=True) == 0  # said before
        assert numbers.note_campaign(subscribed.organization_id, is_live=False) == 2
    assert not queries.sender(sender.id).may_send


def test_a_toll_free_number_has_a_registration_of_its_own(subscribed, lessor):
    """N-5."""
    sender = make_sender(subscribed, "+18335550160", is_registered=False)
    with unit_of_work():
        numbers.note_campaign(subscribed.organization_id, is_live=True)
    assert not queries.sender(sender.id).may_send
    with unit_of_work():
        assert (
            numbers.note_toll_free(subscribed.organization_id, sender.e164, is_verified=True) == 1
        )
    assert queries.sender(sender.id).may_send


def test_a_number_of_the_real_carrier_keeps_its_pace(subscribed, lessor, real_carrier):
    assert buy(subscribed).segments_per_second == 1


# What can go wrong, at each call, before and after the carrier did it.

STEPS = ["find_subaccount", "create_subaccount", "find_service", "create_service", "find_owned",
         "buy", "add_to_service"]  # fmt: skip
MAKING = ["create_subaccount", "create_service", "buy", "add_to_service"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "error", [GatewayBusy("away"), GatewayUnclear("lost")], ids=["busy", "unclear"]
)
def test_a_step_that_failed_is_gone_on_with(subscribed, lessor, clock, step, error):
    lessor.failures[step] = [error]
    sender = buy(subscribed)
    if sender.state is not SenderState.READY:
        assert sender.trouble is not None
        assert sender.may_retry
        clock.travel(by=timedelta(minutes=3))
        sender = retry(subscribed, sender)
    assert (sender.state, sender.trouble) == (SenderState.READY, None)
    assert len(lessor.owned) == len(lessor.subaccounts) == len(lessor.services) == 1


@pytest.mark.parametrize("step", MAKING)
def test_an_answer_that_was_lost_makes_nothing_twice(subscribed, lessor, clock, step):
    lessor.lost_answers[step] = [GatewayUnclear("lost")]
    sender = buy(subscribed)
    if sender.state is not SenderState.READY:
        clock.travel(by=timedelta(minutes=3))
        sender = retry(subscribed, sender)
    assert sender.state is SenderState.READY
    assert len(lessor.owned) == len(lessor.subaccounts) == len(lessor.services) == 1
    assert lessor.calls.count("buy") == 1


@pytest.mark.parametrize("step", MAKING)
def test_a_crash_after_any_step_is_gone_on_with(subscribed, lessor, clock, step):
    class Crash(Exception):
        """The process died."""

    lessor.lost_answers[step] = [Crash()]
    order = place(subscribed)
    with pytest.raises(Crash):
        numbers.carry_out(order)
    waiting = queries.sender(order.sender_id)
    assert waiting.is_in_progress
    assert not waiting.may_retry
    assert retry(subscribed, waiting).is_in_progress  # left to whoever has it
    clock.travel(by=timedelta(minutes=3))
    assert queries.sender(order.sender_id).may_retry
    sender = retry(subscribed, waiting)
    assert sender.state is SenderState.READY
    assert len(lessor.owned) == len(lessor.subaccounts) == len(lessor.services) == 1
    assert lessor.calls.count("buy") == 1


def test_a_purchase_that_may_have_gone_through_stays_open(subscribed, lessor):
    lessor.failures["buy"] = [GatewayUnclear("lost")]
    sender = buy(subscribed)
    assert (sender.state, sender.may_retry) == (SenderState.BUYING, True)
    assert "may or may not be yours" in sender.trouble.sentence
    with pytest.raises(NumberTaken):
        place(subscribed)  # the number is still held


def test_a_number_lists_do_not_show_yet_is_not_given_up(subscribed, lessor, clock):
    """PROMISES 1.3: absence from a list proves nothing."""
    lessor.lost_answers["buy"] = [GatewayUnclear("lost")]
    hidden = lessor.owned
    find = lessor.find_owned
    lessor.find_owned = lambda credentials, e164: None
    sender = buy(subscribed)
    assert sender.state is SenderState.BUYING
    assert retry(subscribed, sender).state is SenderState.BUYING  # "not available": it is ours
    lessor.find_owned = find
    assert hidden
    assert retry(subscribed, sender).state is SenderState.READY


def test_a_number_somebody_else_took_is_given_up_in_the_end(subscribed, lessor, clock):
    lessor.failures["buy"] = [GatewayUnclear("lost")]
    sender = buy(subscribed)
    lessor.stock.clear()
    assert retry(subscribed, sender).state is SenderState.BUYING
    clock.travel(by=timedelta(minutes=16))
    failed = retry(subscribed, sender)
    assert (failed.state, failed.trouble.code) == (SenderState.FAILED, 21422)


def test_a_number_that_is_gone_says_so(subscribed, lessor):
    lessor.stock.clear()
    sender = buy(subscribed)
    assert (sender.state, sender.trouble.code) == (SenderState.FAILED, 21422)
    assert "no longer available" in sender.trouble.sentence
    assert queries.credentials(subscribed.organization_id) is not None  # worth keeping


def test_wrong_credentials_have_their_own_words(subscribed, lessor):
    """N-6."""
    lessor.failures["find_subaccount"] = [GatewayRejected("Authenticate", 20003, 401)]
    sender = buy(subscribed)
    assert sender.trouble.sentence.startswith("Something went wrong. Please check your Twilio")
    assert sender.state is SenderState.FAILED


def test_a_number_of_ours_that_is_not_set_up_is_kept(subscribed, lessor):
    lessor.failures["add_to_service"] = [GatewayRejected("full", 21714, 400)]
    sender = buy(subscribed)
    assert (sender.state, sender.carrier_sid) == (
        SenderState.BUYING,
        lessor.owned[CHICAGO.e164].sid,
    )
    assert "full" in sender.trouble.sentence


def test_an_old_run_does_not_undo_a_newer_one(subscribed, lessor, clock):
    old = place(subscribed)
    failed = numbers.carry_out(old).__class__(Result.NOT_BOUGHT)
    clock.travel(by=timedelta(minutes=3))
    sender = retry(subscribed, queries.sender(old.sender_id))
    assert sender.state is SenderState.READY
    assert settle(old, failed).state is SenderState.READY


def test_good_news_of_an_old_run_is_believed(subscribed, lessor, clock):
    old = place(subscribed)
    purchase = numbers.carry_out(old)
    clock.travel(by=timedelta(minutes=3))
    with unit_of_work():
        numbers.retry_order(subscribed, old.sender_id, actor=SYSTEM)
    assert settle(old, purchase).state is SenderState.READY


def test_a_failed_number_is_free_for_others(subscribed, lessor):
    lessor.failures["buy"] = [GatewayBusy("away")]
    failed = buy(subscribed)
    assert failed.state is SenderState.FAILED
    bought = buy(subscribed)
    assert bought.state is SenderState.READY
    with pytest.raises(NumberTaken):
        retry(subscribed, failed)
    assert queries.sender(failed.id).state is SenderState.FAILED


def test_what_is_given_back_is_not_bought_again(northside, lessor):
    sender = make_sender(northside, state=SenderState.RELEASED)
    with pytest.raises(NotBuying):
        retry(northside, sender)
    assert sender not in queries.senders(northside.id)
    assert queries.default_sender(northside.id) is None


def test_the_log_tells_the_whole_story(subscribed, lessor):
    lessor.failures["buy"] = [GatewayBusy("away")]
    sender = buy(subscribed)
    retry(subscribed, sender)
    entries = db.session.scalars(
        select(audit.AuditEntry)
        .where(audit.AuditEntry.event.startswith("numbers:"))
        .order_by(audit.AuditEntry.position)
    )
    assert [entry.event for entry in entries] == [
        "numbers:number:order",
        "numbers:carrier_account:open",
        "numbers:number:trouble",
        "numbers:number:retry",
        "numbers:number:ready",
    ]
    assert audit.verify(subscribed.organization_id)[1] is None


# Searching, the default number, and what others ask.


def test_search_uses_the_organizations_account_or_the_installations(subscribed, lessor):
    assert numbers.search(subscribed.organization_id, NumberSearch(area_code="512")) == [AUSTIN]
    assert numbers.is_available(subscribed.organization_id, OTHER.e164) == OTHER
    assert numbers.is_available(subscribed.organization_id, "+13125550199") is None


@pytest.mark.parametrize("code", [21451, 21452])
def test_an_area_without_numbers_is_an_empty_search(subscribed, lessor, code):
    lessor.failures["search"] = [GatewayRejected("none", code, 400)]
    assert numbers.search(subscribed.organization_id, NumberSearch(area_code="533")) == []


def test_a_search_that_failed_says_so(subscribed, lessor):
    make_carrier_account(subscribed.organization_id)
    lessor.failures["search"] = [GatewayBusy("away"), GatewayRejected("no", 20003, 401)]
    for words in ("Failed to retrieve Phone Numbers", "Twilio returned Unauthorized."):
        with pytest.raises(CarrierTrouble, match=words):
            numbers.search(subscribed.organization_id, NumberSearch())


def test_the_default_can_be_changed(northside):
    first, second = make_sender(northside), make_sender(northside)
    assert queries.default_sender(northside.id) == first
    with unit_of_work():
        numbers.make_default(northside.tenant, second.id, actor=SYSTEM)
    assert queries.default_sender(northside.id).id == second.id
    assert [s.is_default for s in queries.senders(northside.id)] == [True, False]


def test_only_a_ready_number_is_a_default(northside):
    sender = make_sender(northside, state=SenderState.FAILED)
    with pytest.raises(NotBuying), unit_of_work():
        numbers.make_default(northside.tenant, sender.id, actor=SYSTEM)


def test_numbers_stay_in_their_organization(northside, lakeview):
    sender = make_sender(northside)
    for wrong in (lakeview.tenant,):
        with pytest.raises(NotFound):
            queries.get_or_404(wrong, sender.id)
        with pytest.raises(NotFound), unit_of_work():
            numbers.make_default(wrong, sender.id, actor=SYSTEM)
    assert queries.sender_by_e164(lakeview.organization_id, sender.e164) is None
    assert queries.senders(lakeview.id) == []


def test_webhook_tokens_are_both_while_one_is_changed(northside):
    credentials = make_carrier_account(northside.organization_id)
    account = queries.webhook_account(credentials.account_sid)
    assert account.organization_id == northside.organization_id
    assert account.tokens == (credentials.auth_token,)
    with unit_of_work():
        row = db.session.scalars(select(CarrierAccount)).one()
        row.sealed_previous_token = box().seal(
            "older", place_of_token(row, "sealed_previous_token")
        )
    both = queries.webhook_account(credentials.account_sid)
    assert both.tokens == (credentials.auth_token, "older")
    assert "older" not in repr(both)
    assert queries.webhook_account("AC" + "0" * 32) is None


def test_without_a_carrier_account_there_are_no_credentials(northside):
    assert queries.credentials(northside.organization_id) is None
    assert queries.messaging_service(northside.organization_id) is None
    assert queries.sender(uuid4()) is None
