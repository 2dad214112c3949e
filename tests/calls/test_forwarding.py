"""Calls go to a phone only once somebody heard the code there (N-8)."""

import re
from datetime import timedelta

import pytest

from portal.calls import queries, rules
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.texting_accounts import service as accounts
from tests.calls.conftest import OURS
from tests.factories.numbers import make_sender

MINE, OTHER = "+13125550142", "+13125550143"


def _ids(sender):
    return {"account_id": sender.account_id, "sender_id": sender.id}


def _ask(person, sender, phone=MINE, status=303, shown="caller"):
    return person.post("calls.ask", status, {"phone": phone, "shown": shown}, **_ids(sender))


def _code(carrier):
    [digits] = set(re.findall(r"(?:\d, ){5}\d", carrier.calls[-1][2]))
    return digits.replace(", ", "")


def _confirm(person, sender, code, status=303):
    return person.post("calls.confirm", status, {"code": code}, **_ids(sender))


def test_calls_go_to_a_phone_once_its_code_was_entered(alice, sender, carrier):
    _ask(alice, sender, "(312) 555-0142")
    [(to, from_number, _)] = carrier.calls
    assert (to, from_number) == (MINE, OURS)
    assert queries.forwarding(sender.tenant, sender.id).phone is None
    code = _code(carrier)
    shown = alice.get("calls.show", **_ids(sender))
    assert "(312) 555-0142 is being called" in shown.text
    assert code not in shown.text
    _confirm(alice, sender, f" {code[:3]} {code[3:]} ")
    where = queries.forwarding(sender.tenant, sender.id)
    assert (where.phone, where.verified_by) == (MINE, "Alice Moreno")
    assert where.verified_at is not None
    assert "Verified" in alice.get("calls.show", **_ids(sender)).text
    hooks = carrier.lessor.owned[OURS].hooks
    assert hooks.voice_url.startswith("http://localhost/webhooks/twilio/voice#")


def test_another_phone_is_verified_anew_and_the_old_one_serves_until_then(alice, sender, carrier):
    _ask(alice, sender)
    _confirm(alice, sender, _code(carrier))
    _ask(alice, sender, OTHER)
    assert queries.forwarding(sender.tenant, sender.id).phone == MINE
    _confirm(alice, sender, _code(carrier))
    assert queries.forwarding(sender.tenant, sender.id).phone == OTHER
    _ask(alice, sender, OTHER, shown="ours")
    assert len(carrier.calls) == 2, "the same phone shows another number without a new code"
    assert queries.forwarding(sender.tenant, sender.id).shown == "ours"
    alice.post("calls.stop", 303, **_ids(sender))
    assert queries.forwarding(sender.tenant, sender.id).phone is None


def test_five_wrong_codes_end_a_call_and_so_do_ten_minutes(alice, sender, carrier, clock):
    _ask(alice, sender)
    code = _code(carrier)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert "not the code that was said" in _confirm(alice, sender, wrong, 422).text
    assert "no longer holds" in _confirm(alice, sender, code, 422).text
    _ask(alice, sender)
    clock.travel(by=timedelta(minutes=11))
    assert "no longer holds" in _confirm(alice, sender, _code(carrier), 422).text
    assert queries.forwarding(sender.tenant, sender.id).phone is None


def test_codes_are_asked_for_a_few_times_an_hour(alice, sender, carrier):
    for _ in range(4):
        _ask(alice, sender)
    assert "Too many codes" in _ask(alice, sender, status=429).text
    assert len(carrier.calls) == 4


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("+442071838750", "US and Canada only"),
        ("+18765550142", "US and Canada only"),
        ("900 555 0142", "premium"),
        ("800 555 0142", "toll-free"),
        (OURS, "round in circles"),
        ("911", "too short"),
        ("nonsense", "letter"),
    ],
)
def test_calls_go_to_persons_phones_in_the_us_and_canada_only(raw, words):
    phone, why = rules.read_phone(raw, {OURS})
    assert phone is None
    assert words.lower() in why.lower() or words in {"too short", "letter"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GatewayBusy("no"), "Nobody was called."),
        (GatewayRejected("no route", 13224, 400), "Twilio would not call that phone."),
        (GatewayRejected("gone", 20003, 401), "Twilio returned Unauthorized."),
    ],
)
def test_a_call_that_was_not_placed_leaves_nothing_behind(alice, sender, carrier, error, words):
    carrier.failures = [error]
    reply = _ask(alice, sender, status=502)
    assert words in reply.text
    assert reply.field("phone") == MINE
    again = reply.page.select_one("form.inline-form:has(button:-soup-contains('Try again'))")
    assert again.select_one("input[name=phone]")["value"] == MINE
    assert queries.forwarding(sender.tenant, sender.id).pending_phone is None


def test_a_call_that_may_ring_keeps_its_code(alice, sender, carrier):
    carrier.failures = [GatewayUnclear("?")]
    _ask(alice, sender)
    assert queries.forwarding(sender.tenant, sender.id).pending_phone == MINE


def test_a_stopped_account_reads_why_and_sets_no_other_phone(alice, northside, sender, carrier):
    """N-7: the reason stands before the click; calls can still be stopped."""
    _ask(alice, sender)
    code = _code(carrier)
    with unit_of_work():
        accounts.suspend(northside.id, "a complaint.", SYSTEM)
    page = alice.get("calls.show", **_ids(sender))
    assert "This account is suspended (a complaint)" in page.text_of(".notice--warn")
    assert page.texts_of("main form button") == ["Never mind"]
    refused = alice.post("calls.confirm", 409, {"code": code}, **_ids(sender))
    assert "a complaint" in refused.text
    alice.post("calls.ask", 409, {"phone": "(312) 555-0199", "shown": "caller"}, **_ids(sender))
    assert len(carrier.calls) == 1
    alice.post("calls.stop", 303, **_ids(sender))


def test_a_number_without_voice_is_not_forwarded(alice, bob, northside, carrier):
    mute = make_sender(northside, "+13125550161", can_voice=False)
    assert "can be forwarded once" in _ask(alice, mute, status=409).text
    assert "can’t take calls" in alice.get("calls.show", **_ids(mute)).text
    assert bob.get("calls.show", **_ids(mute)).page.select_one("form[action$=calls]") is None
