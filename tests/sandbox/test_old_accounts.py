"""Old accounts to bring a number over from, and reads that fail to order (N-2)."""

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from portal.sandbox.old_accounts import STOPPED, TEXTS


@pytest.fixture(params=[True, False], ids=["same owner", "another owner"])
def old(request, sandbox):
    return {"related": request.param, **sandbox.post("old-accounts", related=request.param)}


def test_an_old_account_has_numbers_a_service_and_a_log(sandbox, old):
    client = sandbox.client(old["sid"], old["auth_token"])
    account = client.api.v2010.accounts(old["sid"]).fetch()
    assert (account.owner_account_sid == sandbox.sid) is old["related"]
    assert {one.phone_number for one in client.incoming_phone_numbers.list()} == set(old["numbers"])
    [service] = client.messaging.v1.services.list()
    assert service.us_app_to_person_registered
    assert [one.phone_number for one in service.phone_numbers.list()] == old["numbers"][:1]
    texts = client.messages.list(to=old["numbers"][0])
    assert [one.body for one in texts] == [body for _, _, body in reversed(TEXTS)]
    assert {"scope": service.sid, "person": STOPPED[0]} in sandbox.blocks()


def test_only_a_number_of_the_same_owner_moves_by_api(sandbox, twilio, old):
    target = twilio.api.v2010.accounts.create(friendly_name="ConsentDesk x").sid
    e164 = old["numbers"][0]
    sid = next(one["sid"] for one in sandbox.get("numbers")["numbers"] if one["e164"] == e164)
    number = twilio.api.v2010.accounts(old["sid"]).incoming_phone_numbers(sid)
    if old["related"]:
        moved = number.update(account_sid=target, sms_url="https://new.example/sms")
        assert (moved.sid, moved.account_sid, moved.voice_url) == (sid, target, "")
        assert moved.sms_url == "https://new.example/sms"
    else:
        with pytest.raises(TwilioRestException):
            number.update(account_sid=target)
        sandbox.post(f"numbers/{e164}/account", account_sid=target)
    there = {one["e164"]: one for one in sandbox.get("numbers")["numbers"]}[e164]
    assert (there["account_sid"], there["moves"], there["service_sid"]) == (target, 1, None)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("401_before", 401, 20003),
        ("403_before", 403, 20403),
        ("429", 429, 20429),
        ("500_before", 500, 20500),
    ],
)
def test_a_planned_read_fails_once(sandbox, twilio, fault, status, code):
    sandbox.post("faults", reads=["ok", fault])
    account = twilio.api.v2010.accounts(sandbox.sid)
    assert account.fetch()
    with pytest.raises(TwilioRestException) as caught:
        account.fetch()
    assert (caught.value.status, caught.value.code) == (status, code)
    assert account.fetch()


def test_the_page_gives_the_credentials_out_and_does_what_support_does(sandbox, twilio):
    url = f"{sandbox.base_url}/old-accounts"
    assert "None is open yet." in requests.get(url, timeout=30).text
    target = twilio.api.v2010.accounts.create(friendly_name="ConsentDesk x").sid
    assert "Two old accounts are open." in requests.post(url, timeout=30).text
    by_name = {one.friendly_name: one for one in twilio.api.v2010.accounts.list()}
    shown = requests.get(url, timeout=30).text
    assert by_name["Old account, same owner"].auth_token in shown
    number = sandbox.get("numbers")["numbers"][0]["e164"]
    form = {"number": number, "account_sid": target}
    assert requests.post(f"{url}/support", data=form, timeout=30).status_code == 200
    there = {one["e164"]: one for one in sandbox.get("numbers")["numbers"]}
    assert there[number]["account_sid"] == target
    form["number"] = "+13125550000"
    assert "was not found" in requests.post(f"{url}/support", data=form, timeout=30).text
