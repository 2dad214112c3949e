"""Double opt-in: a form's entry allows nothing until the person's own YES (C-2, PROMISES 4 row 8)."""

from datetime import timedelta

import pytest

from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.values import BOTH_KINDS, Checkbox, Event, Method, NewConsent, Strength
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.messaging.service import optouts
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.service import confirming
from portal.optin.values import ConfirmationState, Content

CAROL = "+13125550142"
FORM = Actor(None, "Form “Open house”", "203.0.113.9")
CONTENT = Content(sender="Juniper Realty", is_double_opt_in=True)


def sign_up(account, e164=CAROL, key="one", content=CONTENT):
    """Have somebody enter a number on a form that asks for a double opt-in."""
    entered = NewConsent(
        e164, Method.HOSTED_FORM, name="Carol Reyes", disclosure_text="I agree.",
        checkbox=Checkbox.CHECKED, form_name="Open house", form_version="3", kinds=BOTH_KINDS,
        idempotency_key=key,
    )  # fmt: skip
    with unit_of_work():
        record_id = consent.record_asked(account.tenant, entered, FORM)
        asked = optin.ask_confirmation(
            account.tenant, record_id, content=content, form_name="Open house", actor=FORM
        )
    return record_id, asked


def say_yes(account, clock, e164=CAROL, sid="SM1"):
    with unit_of_work():
        return optin.confirm(account.tenant, e164, clock.now, reference=sid, actor=FORM)


def strength(account, clock, e164=CAROL):
    return consent_queries.standing(account.tenant, e164, clock.now).strength


def test_signing_up_alone_allows_nothing(northside, clock):
    record_id, asked = sign_up(northside)
    record = consent_queries.record_or_404(northside.tenant, record_id)
    assert (record.event, record.strength) == (Event.ASKED, Strength.NONE)
    assert strength(northside, clock) is Strength.NONE
    assert consent_queries.coverage(northside.tenant).numbers == 0
    assert queries.confirmation(asked).state is ConfirmationState.ASKED


def test_a_yes_makes_it_express_written_and_points_to_the_form(northside, clock):
    record_id, asked = sign_up(northside)
    confirmed = say_yes(northside, clock)
    record = consent_queries.record_or_404(northside.tenant, confirmed)
    assert (record.method, record.kinds) == (Method.DOUBLE_OPT_IN, BOTH_KINDS)
    assert str(record_id) in record.method_details and "SM1" in record.method_details
    assert strength(northside, clock) is Strength.EXPRESS_WRITTEN
    row = queries.confirmation(asked)
    assert (row.state, row.confirmed_record_id) == (ConfirmationState.CONFIRMED, confirmed)


def test_a_yes_after_a_stop_is_no_answer_to_the_question(northside, clock):
    """Q-1: it brings back what stood before the opt-out, and the form's kinds never stood."""
    _, asked = sign_up(northside)
    with unit_of_work():
        optouts.opt_out(northside.tenant, CAROL, source="test", details="STOP", actor=FORM)
    assert queries.confirmation(asked).state is ConfirmationState.DECLINED
    assert say_yes(northside, clock) is None
    with unit_of_work():
        assert not optin.mark_texted(northside.tenant, asked)


def test_a_second_yes_and_a_yes_of_a_stranger_change_nothing(northside, lakeview, clock):
    sign_up(northside)
    assert say_yes(lakeview, clock) is None
    assert say_yes(northside, clock, e164="+13125550143") is None
    assert say_yes(northside, clock) is not None
    assert say_yes(northside, clock, sid="SM2") is None
    assert len(consent_queries.records(northside.tenant, CAROL)) == 2


def test_a_yes_after_the_time_is_too_late_and_the_row_is_closed(northside, clock):
    _, asked = sign_up(northside)
    clock.travel(by=confirming.ANSWER_WITHIN + timedelta(seconds=1))
    assert say_yes(northside, clock) is None
    with unit_of_work():
        assert optin.expire_unanswered() == 1
        assert optin.expire_unanswered() == 0
    assert queries.confirmation(asked).state is ConfirmationState.EXPIRED


def test_an_account_asks_a_number_once_in_thirty_days(northside, clock):
    sign_up(northside)
    _, again = sign_up(northside, key="two")
    assert again is None
    clock.travel(by=confirming.ONE_IN + timedelta(seconds=1))
    with unit_of_work():
        optin.expire_unanswered()
    _, later = sign_up(northside, key="three")
    assert later is not None


def test_one_phone_is_asked_three_times_a_day_over_all_accounts(
    northside, lakeview, clock, monkeypatch
):
    monkeypatch.setattr(confirming, "MOST_IN_A_DAY", 1)
    asked = [sign_up(account)[1] for account in (northside, lakeview)]
    assert [a is not None for a in asked] == [True, False]


TOLD = Content(sender="Juniper Realty", has_confirmation_text=True)


@pytest.mark.parametrize(("first", "second"), [(TOLD, TOLD), (TOLD, CONTENT), (CONTENT, TOLD)])
def test_telling_and_asking_share_one_limit_of_thirty_days(northside, clock, first, second):
    """PROMISES 4 row 8: both are confirmation texts."""
    assert sign_up(northside, content=first)[1] is not None
    assert sign_up(northside, key="two", content=second)[1] is None


def test_two_accounts_of_an_organization_ask_a_number_once(northside, bobs):
    asked = [sign_up(account)[1] for account in (northside, bobs)]
    assert [a is not None for a in asked] == [True, False]


def test_an_account_has_a_budget_of_a_day(northside, clock, monkeypatch):
    monkeypatch.setattr(confirming, "ACCOUNT_A_DAY", 2)
    asked = [sign_up(northside, f"+131255501{n}", f"{n}")[1] for n in (50, 51, 52)]
    assert [a is not None for a in asked] == [True, True, False]


@pytest.mark.parametrize("times", [1, 2])
def test_the_asking_text_is_queued_once(northside, clock, times):
    _, asked = sign_up(northside)
    with unit_of_work():
        told = [optin.mark_texted(northside.tenant, asked) for _ in range(times)]
    assert told == [True, False][:times]


def test_a_lost_job_is_asked_for_again(northside, clock):
    _, asked = sign_up(northside)
    assert queries.unasked(clock.now) == []
    clock.travel(by=queries.LEFT_BEHIND * 2)
    assert queries.unasked(clock.now) == [asked]
    with unit_of_work():
        optin.mark_texted(northside.tenant, asked)
    assert queries.unasked(clock.now) == []
