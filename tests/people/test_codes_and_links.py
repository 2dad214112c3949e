"""One-time codes, reset links and the passwords they set (S11, S17)."""

import re
from datetime import timedelta

import pytest

from portal.core import audit
from portal.core.db import unit_of_work
from portal.core.secrets_box import box
from portal.people import rules, service
from portal.people.errors import CodeRefused
from portal.people.service import totp as codes
from tests import cast
from tests.factories import people as factory
from tests.factories.mail import kept


@pytest.fixture
def bobs_email(app):
    return factory.give_password(cast.BOB)


def set_up_codes(user_id=cast.BOB):
    sealed, _ = codes.new_totp(user_id, "bob")
    with unit_of_work():
        service.confirm_totp(
            user_id, sealed, code_now(sealed), keep_session=None, actor=audit.SYSTEM
        )
    return sealed


def code_now(sealed, user_id=cast.BOB):
    return maker_of(sealed, user_id).generate().token


def maker_of(sealed, user_id=cast.BOB):
    secret = box().open(sealed, codes.place_of_secret(user_id))
    return codes.OnceOnlyTotp()._totp.from_source(secret)


# One-time codes ------------------------------------------------------------------------------------------------------


def test_with_codes_on_a_password_is_half_the_way(anyone, bobs_email, clock):
    sealed = set_up_codes()
    assert factory.enter(anyone, bobs_email, next="/profile").location == "/sign-in/code"
    anyone.get("people.profile", 303)
    anyone.post("people.second_step", 422, data={"code": "123"})
    clock.travel(by=timedelta(seconds=60))
    assert anyone.post("people.second_step", data={"code": code_now(sealed)}).location == "/profile"
    anyone.get("people.profile")


def test_no_code_is_accepted_twice(anyone, bobs_email, clock):
    """S11 TOTP replay: neither the code of the set-up nor one used at sign-in."""
    sealed = set_up_codes()
    factory.enter(anyone, bobs_email)
    anyone.post("people.second_step", 422, data={"code": code_now(sealed)})
    clock.travel(by=timedelta(seconds=60))
    code = code_now(sealed)
    anyone.post("people.second_step", data={"code": code})
    anyone.post("people.sign_out")
    factory.enter(anyone, bobs_email)
    anyone.post("people.second_step", 422, data={"code": code})


def test_of_two_browsers_with_one_code_one_gets_in(app, clock):
    sealed = set_up_codes()
    clock.travel(by=timedelta(seconds=60))
    code = code_now(sealed)
    with unit_of_work():
        service.use_code(cast.BOB, code)
    with pytest.raises(CodeRefused), unit_of_work():
        service.use_code(cast.BOB, code)


def test_guessing_codes_is_slowed(anyone, bobs_email):
    wrong = factory.misses(maker_of(set_up_codes()))
    factory.enter(anyone, bobs_email)
    for _ in range(5):
        anyone.post("people.second_step", 422, data={"code": next(wrong)})
    anyone.post("people.second_step", 429, data={"code": next(wrong)})


def test_the_half_way_lapses(anyone, bobs_email, clock):
    sealed = set_up_codes()
    factory.enter(anyone, bobs_email)
    clock.travel(by=timedelta(minutes=6))
    assert anyone.post("people.second_step", data={"code": code_now(sealed)}).location == "/sign-in"


def test_the_secret_is_sealed_at_rest(app):
    """X-6."""
    sealed = set_up_codes()
    assert '"key"' in box().open(sealed, codes.place_of_secret(cast.BOB))
    assert '"key"' not in sealed
    assert sealed.startswith("v2.")


# Reset ---------------------------------------------------------------------------------------------------------------


def test_a_reset_says_the_same_to_everybody(anyone):
    known = anyone.post("people.forgot", data={"email": "bob@juniper.example"})
    unknown = anyone.post("people.forgot", data={"email": "nobody@juniper.example"})
    assert known.text.replace("bob@", "") == unknown.text.replace("nobody@", "")


def test_a_reset_link_works_once_within_the_hour_and_keeps_codes(anyone, bob, clock):
    set_up_codes()
    with unit_of_work():
        old = service.request_reset("bob@juniper.example").token
    with unit_of_work():
        token = service.request_reset("bob@juniper.example").token
    anyone.get("people.reset", 410, token=old)
    anyone.post("people.reset", 422, token=token, data={"password": "short"})
    anyone.post("people.reset", token=token, data={"password": factory.PASSWORD})
    anyone.get("people.reset", 410, token=token)
    assert factory.enter(anyone, "bob@juniper.example").location == "/sign-in/code"
    with unit_of_work():
        late = service.request_reset("bob@juniper.example").token
    clock.travel(by=timedelta(minutes=61))
    anyone.get("people.reset", 410, token=late)


def test_links_in_mails_come_from_public_url(anyone):
    """S17: a false Host changes nothing."""
    anyone.open(
        "POST",
        "/password-resets/new",
        200,
        data={"email": "bob@juniper.example"},
        headers={"X-Forwarded-Host": "evil.example"},
        base_url="http://evil.example",
    )
    [mail] = kept()
    text = mail.text + mail.html
    assert "evil.example" not in text
    assert re.search(r"http://localhost/password-resets/[\w-]{43}", text)


@pytest.mark.parametrize(
    "password", ["short", "password1234", "aaaaaaaaaaaaaaa", "bob-tran-----", "x" * 129]
)
def test_easy_passwords_are_refused(password):
    assert rules.password_fault(password, name="Bob Tran", email="bob@juniper.example")


@pytest.mark.parametrize(
    "password", ["a quiet house by the lake", "correct horse", "ünïcödé sentence", "x9!kT" * 20]
)
def test_good_passwords_are_taken(password):
    assert rules.password_fault(password, name="Bob Tran", email="bob@juniper.example") is None
