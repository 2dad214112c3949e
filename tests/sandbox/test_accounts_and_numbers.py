"""Accounts, numbers and services, as the portal sets them up."""

import re

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

PERSON = "+13125550101"


def refused(call, *args, **kwargs):
    with pytest.raises(TwilioRestException) as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.fixture
def child(twilio):
    return twilio.api.v2010.accounts.create(friendly_name="Northside")


@pytest.fixture
def childs(sandbox, child):
    """A client with the sub-account's own credentials."""
    return sandbox.client(child.sid, child.auth_token)


def test_a_subaccount_has_its_own_token_and_its_parent_may_act_for_it(sandbox, twilio, child):
    assert (child.status, child.owner_account_sid) == ("active", sandbox.sid)
    bought = twilio.api.v2010.accounts(child.sid).incoming_phone_numbers.create(area_code="773")
    assert bought.account_sid == child.sid
    assert bought.phone_number.startswith("+17735550")
    assert twilio.incoming_phone_numbers.list() == []
    assert {a.sid for a in twilio.api.v2010.accounts.list()} == {sandbox.sid, child.sid}
    assert [a.sid for a in twilio.api.v2010.accounts.list(friendly_name="Northside")] == [child.sid]


def test_a_subaccount_sees_neither_its_parent_nor_its_siblings(sandbox, twilio, childs):
    other = twilio.api.v2010.accounts.create(friendly_name="Other")
    for sid in (sandbox.sid, other.sid):
        assert refused(childs.api.v2010.accounts(sid).fetch).status == 404
    assert refused(childs.api.v2010.accounts.create).status == 400


def test_the_messaging_host_knows_only_the_accounts_own_services(twilio, childs):
    made = childs.messaging.v1.services.create(friendly_name="Of the child")
    assert refused(twilio.messaging.v1.services(made.sid).fetch).status == 404
    assert [s.sid for s in childs.messaging.v1.services.list()] == [made.sid]


def test_webhooks_of_a_subaccount_are_signed_with_its_own_token(sandbox, ear, child, childs):
    number = childs.incoming_phone_numbers.create(area_code="312", sms_url=f"{ear.url}/sms")
    sandbox.says(PERSON, number.phone_number, "Hi")
    call = ear.heard[0]
    assert call["form"]["AccountSid"] == child.sid
    signature = call["headers"]["X-Twilio-Signature"]
    url = ear.url + call["path"]
    assert RequestValidator(child.auth_token).validate(url, call["form"], signature)
    assert not RequestValidator(sandbox.token).validate(url, call["form"], signature)


def test_a_suspended_account_is_refused_and_its_queued_texts_fail(
    sandbox, twilio, ear, child, childs
):
    number = childs.incoming_phone_numbers.create(area_code="312").phone_number
    message = childs.messages.create(
        to=PERSON, from_=number, body="Hi", status_callback=f"{ear.url}/status"
    )
    twilio.api.v2010.accounts(child.sid).update(status="suspended")
    for client in (childs, twilio):
        error = refused(
            client.api.v2010.accounts(child.sid).messages.create,
            to=PERSON,
            from_=number,
            body="Hi",
        )
        assert (error.status, error.code) == (403, 20005)
    sandbox.flush()
    ended = twilio.api.v2010.accounts(child.sid).messages(message.sid).fetch()
    assert (ended.status, ended.error_code) == ("failed", 30002)
    assert ear.statuses() == ["failed"]
    twilio.api.v2010.accounts(child.sid).update(status="active")
    assert childs.messages.create(to=PERSON, from_=number, body="Hi").sid


def test_closed_is_final(twilio, child):
    account = twilio.api.v2010.accounts(child.sid)
    assert account.update(status="closed").status == "closed"
    assert refused(account.update, status="active").status == 400


def test_suspending_the_parent_stops_its_subaccounts(sandbox, childs):
    sandbox.post(f"accounts/{sandbox.sid}/status", status="suspended")
    assert refused(childs.api.v2010.accounts.create).code == 20005


def test_a_revoked_token_is_refused(sandbox, child, childs):
    fresh = sandbox.post(f"accounts/{child.sid}/token")["auth_token"]
    assert refused(childs.api.v2010.accounts(child.sid).fetch).code == 20003
    client = sandbox.client(child.sid, fresh)
    assert client.api.v2010.accounts(child.sid).fetch().auth_token == fresh


def test_an_unrelated_account_has_numbers_of_its_own_that_do_not_move_by_api(
    sandbox, twilio, child
):
    other = sandbox.post("accounts", friendly_name="Old office")
    theirs = sandbox.client(other["sid"], other["auth_token"])
    bought = theirs.incoming_phone_numbers.create(area_code="312")
    assert refused(bought.update, account_sid=child.sid).code == 21473
    assert refused(twilio.api.v2010.accounts(other["sid"]).fetch).status == 404


def test_balance_is_shown(twilio):
    assert twilio.api.v2010.account.balance.fetch().currency == "USD"


@pytest.mark.parametrize(
    ("asked", "pattern"),
    [
        ({"area_code": 312}, r"\+13125550\d{3}"),
        ({"in_region": "HI"}, r"\+18085550\d{3}"),
        ({"in_locality": "chicago"}, r"\+1(312|773|872)5550\d{3}"),
        ({"contains": "312***0161"}, r"\+13125550161"),
        ({"contains": "%0161$", "area_code": 773}, r"\+17735550161"),
        ({"contains": "+1206"}, r"\+12065550\d{3}"),
    ],
    ids=str,
)
def test_numbers_on_sale_are_found_and_none_can_be_anybodys(twilio, asked, pattern):
    found = twilio.available_phone_numbers("US").local.list(limit=5, **asked)
    assert found
    for number in found:
        assert re.fullmatch(pattern, number.phone_number)
        assert re.fullmatch(r"\+1\d{3}55501\d\d", number.phone_number)
        assert number.capabilities["SMS"]


def test_a_search_is_the_same_every_time_and_shows_the_place(twilio):
    first = twilio.available_phone_numbers("US").local.list(in_region="NY", limit=3)
    again = twilio.available_phone_numbers("US").local.list(in_region="NY", limit=3)
    assert [n.phone_number for n in first] == [n.phone_number for n in again]
    assert {n.region for n in first} == {"NY"}
    assert first[0].friendly_name.startswith("(")
    assert twilio.available_phone_numbers("US").local.list(fax_enabled=True, limit=3) == []


def test_canada_and_toll_free_are_on_sale_but_there_is_no_mobile(twilio):
    canadian = twilio.available_phone_numbers("CA").local.list(area_code=416, limit=1)[0]
    assert (canadian.region, canadian.iso_country) == ("ON", "CA")
    free = twilio.available_phone_numbers("US").toll_free.list(area_code=888, limit=1)[0]
    assert free.phone_number.startswith("+18885550")
    request = twilio.http_client.request(
        "GET",
        f"https://api.twilio.com/2010-04-01/Accounts/{twilio.username}"
        "/AvailablePhoneNumbers/US/Mobile.json",
        auth=(twilio.username, twilio.password),
    )
    assert request.status_code == 404


def test_a_bought_number_is_no_longer_on_sale(twilio):
    offer = twilio.available_phone_numbers("US").local.list(area_code=312, limit=1)[0]
    twilio.incoming_phone_numbers.create(phone_number=offer.phone_number)
    assert (
        refused(twilio.incoming_phone_numbers.create, phone_number=offer.phone_number).code == 21422
    )
    next_offer = twilio.available_phone_numbers("US").local.list(area_code=312, limit=1)[0]
    assert next_offer.phone_number != offer.phone_number


def test_a_persons_number_is_never_on_sale(sandbox, twilio, number):
    offer = twilio.available_phone_numbers("US").local.list(area_code=312, limit=1)[0].phone_number
    sandbox.says(offer, number, "Hi")
    offers = twilio.available_phone_numbers("US").local.list(area_code=312)
    assert offer not in {one.phone_number for one in offers}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"phone_number": "+15005550000"}, 21422),
        ({"phone_number": "+15005550001"}, 21421),
        ({"phone_number": "nonsense"}, 21421),
        ({"area_code": "533"}, 21452),
        ({"area_code": "999"}, 21451),
    ],
    ids=str,
)
def test_what_cannot_be_bought_is_refused(twilio, asked, code):
    assert refused(twilio.incoming_phone_numbers.create, **asked).code == code


def test_a_number_is_named_changed_listed_and_released(twilio):
    bought = twilio.incoming_phone_numbers.create(
        phone_number="+15005550006", friendly_name="Front desk", sms_url="https://a.example/x"
    )
    assert (bought.friendly_name, bought.sms_url) == ("Front desk", "https://a.example/x")
    assert bought.capabilities == {"voice": True, "sms": True, "mms": True, "fax": False}
    changed = bought.update(sms_url="https://b.example/x", friendly_name="Back desk")
    assert (changed.sms_url, changed.friendly_name) == ("https://b.example/x", "Back desk")
    listed = twilio.incoming_phone_numbers.list(friendly_name="Back desk")
    assert [n.sid for n in listed] == [bought.sid]
    assert twilio.incoming_phone_numbers.list(phone_number="+1500")[0].sid == bought.sid
    assert twilio.incoming_phone_numbers.local.list()[0].sid == bought.sid
    assert twilio.incoming_phone_numbers.toll_free.list() == []
    assert bought.delete()
    assert refused(bought.fetch).status == 404


def test_a_number_moves_between_accounts_with_the_parents_credentials(
    sandbox, twilio, child, childs
):
    bought = twilio.incoming_phone_numbers.create(area_code="312", sms_url="https://a.example/x")
    service = twilio.messaging.v1.services.create(friendly_name="Old home")
    service.phone_numbers.create(phone_number_sid=bought.sid)
    moved = bought.update(account_sid=child.sid)
    assert (moved.sid, moved.account_sid, moved.sms_url) == (bought.sid, child.sid, "")
    assert service.phone_numbers.list() == []
    back = childs.incoming_phone_numbers(bought.sid)
    assert refused(back.update, account_sid=sandbox.sid).code == 21474


def test_a_service_is_made_changed_listed_and_removed(twilio):
    made = twilio.messaging.v1.services.create(
        friendly_name="Juniper", smart_encoding=False, use_inbound_webhook_on_number=True
    )
    assert (made.smart_encoding, made.use_inbound_webhook_on_number) == (False, True)
    assert made.validity_period == 36000
    assert made.update(validity_period=600, friendly_name="J").validity_period == 600
    for n in range(3):
        twilio.messaging.v1.services.create(friendly_name=str(n))
    assert len(twilio.messaging.v1.services.list(page_size=2)) == 4
    assert refused(twilio.messaging.v1.services.create, friendly_name="").status == 400
    assert made.delete()
    assert refused(made.fetch).status == 404


def test_a_number_is_in_one_pool_at_most(twilio):
    bought = twilio.incoming_phone_numbers.create(area_code="312")
    one = twilio.messaging.v1.services.create(friendly_name="One")
    two = twilio.messaging.v1.services.create(friendly_name="Two")
    member = one.phone_numbers.create(phone_number_sid=bought.sid)
    assert (member.sid, member.country_code) == (bought.sid, "US")
    assert refused(one.phone_numbers.create, phone_number_sid=bought.sid).code == 21710
    assert refused(two.phone_numbers.create, phone_number_sid=bought.sid).code == 21712
    assert [m.phone_number for m in one.phone_numbers.list()] == [bought.phone_number]
    assert member.fetch().sid == bought.sid
    assert member.delete()
    assert two.phone_numbers.create(phone_number_sid=bought.sid).sid == bought.sid
    assert refused(one.phone_numbers.create, phone_number_sid="PN" + "0" * 32).status == 404


def test_a_trunk_and_a_voice_application_shut_each_other_out(twilio):
    bought = twilio.incoming_phone_numbers.create(area_code="312", trunk_sid="TK" + "a" * 32)
    assert bought.trunk_sid == "TK" + "a" * 32
    changed = bought.update(voice_application_sid="AP" + "b" * 32)
    assert (changed.trunk_sid, changed.voice_application_sid) == (None, "AP" + "b" * 32)
    changed = changed.update(trunk_sid="TK" + "c" * 32)
    assert (changed.trunk_sid, changed.voice_application_sid) == ("TK" + "c" * 32, "")
