"""Sign-in, sessions, codes and links hold against what S11, S17 and PROMISES 4 list."""

import re
from datetime import timedelta

import flask_security
import pytest

from portal.core import audit
from portal.core.access import Role
from portal.core.db import db, unit_of_work
from portal.people import queries, rules, service
from portal.people.errors import CodeRefused
from portal.people.models import SignInSession
from portal.people.service import passwords
from portal.people.service import totp as codes
from portal.people.views.session_store import cookie_name
from tests import cast
from tests.factories import people as factory


def cookie(browser):
    found = browser.client.get_cookie(cookie_name())
    return found.value if found else None


def enter(browser, email, password=factory.PASSWORD, status=303, **where):
    return browser.post(
        "people.sign_in", status, data={"email": email, "password": password}, **where
    )


@pytest.fixture
def bobs_email(app):
    return factory.give_password(cast.BOB)


def set_up_codes(user_id=cast.BOB):
    sealed, _ = codes.new_totp("bob")
    with unit_of_work():
        service.confirm_totp(
            user_id, sealed, code_now(sealed), keep_session=None, actor=audit.SYSTEM
        )
    return sealed


def code_now(sealed):
    from portal.core.secrets_box import box

    return codes.OnceOnlyTotp()._totp.from_source(box().open(sealed)).generate().token


# Password ------------------------------------------------------------------------------------------------------------


def test_a_right_password_opens_the_home(anyone, bobs_email):
    assert enter(anyone, f"  {bobs_email.upper()} ").location == "/"
    assert anyone.follow(anyone.get("people.index", 303)).status == 200
    assert "people:session:start" in events(cast.JUNIPER)


def events(chain):
    return [entry.event for entry in audit._entries(chain)]


@pytest.mark.parametrize(
    "who", ["wrong password", "unknown", "disabled", "no password", "no membership"]
)
def test_every_refusal_reads_the_same_and_checks_one_hash(anyone, bobs_email, monkeypatch, who):
    """S11: nobody learns who has a login, from words or from time: the same steps run."""
    email = {"unknown": "nobody@juniper.example", "no password": "vera@juniper.example"}.get(
        who, bobs_email
    )
    if who == "disabled":
        with unit_of_work():
            service.set_active(cast.BOB, active=False, actor=audit.SYSTEM)
    if who == "no membership":
        email = factory.person("Nomi Lone", password=factory.PASSWORD).email
    checked = []
    real = flask_security.verify_password
    monkeypatch.setattr(
        passwords.flask_security, "verify_password", lambda *args: checked.append(1) or real(*args)
    )
    reply = enter(
        anyone, email, "not the password" if who == "wrong password" else factory.PASSWORD, 422
    )
    assert "E-mail and password do not match." in reply.text
    assert reply.field("email") == email
    assert reply.field("password") == ""
    assert len(checked) == 1


def test_hashes_are_argon2id(app):
    assert service.hash_password("a quiet house by the lake").startswith("$argon2id$")


def test_guessing_one_person_is_slowed_from_every_address(anyone, bobs_email):
    """S11: at most ten wrong tries in five minutes; a right one is refused, too."""
    for n in range(10):
        anyone.open(
            "POST",
            "/sign-in",
            422,
            data={"email": bobs_email, "password": "wrong"},
            environ_base={"REMOTE_ADDR": f"10.0.0.{n}"},
        )
    reply = anyone.open(
        "POST",
        "/sign-in",
        429,
        data={"email": bobs_email, "password": factory.PASSWORD},
        environ_base={"REMOTE_ADDR": "10.0.1.1"},
    )
    assert "Too many tries" in reply.text


def test_guessing_many_people_is_slowed_by_address(anyone):
    for n in range(30):
        enter(anyone, f"guess{n}@juniper.example", "wrong", 422)
    enter(anyone, "guess99@juniper.example", "wrong", 429)


def test_right_passwords_are_not_counted(anyone, bobs_email):
    for _ in range(12):
        enter(anyone, bobs_email)
        anyone.post("people.sign_out")


# next ----------------------------------------------------------------------------------------------------------------

SAFE = ["/profile", "/accounts?x=1&y=2", "/a#b"]
UNSAFE = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "\\\\evil",
    "/a\nb",
    "/\t/evil.example",
    "evil.example",
    "",
    "http:evil",
    "/%0d%0a\r\nX: y",
    "///evil.example",
    "/\\/evil",
]


@pytest.mark.parametrize("target", SAFE)
def test_after_sign_in_people_come_to_the_page_they_asked_for(anyone, bobs_email, target):
    assert enter(anyone, bobs_email, next=target).location == target


@pytest.mark.parametrize("target", UNSAFE)
def test_sign_in_leads_to_no_other_site(anyone, bobs_email, target):
    """S17, PROMISES 4 row 18."""
    assert enter(anyone, bobs_email, next=target).location == "/"
    assert not rules.is_safe_next(target)


# Sessions ------------------------------------------------------------------------------------------------------------


def test_a_cookie_from_before_sign_in_is_worth_nothing(anyone, bobs_email):
    """S11 fixation: the session id is new at sign-in, and a planted one is ignored."""
    anyone.client.set_cookie(cookie_name(), "planted-token-of-an-attacker-0123456789abcdef")
    anyone.get("people.sign_in")
    planted = cookie(anyone)
    enter(anyone, bobs_email)
    token = cookie(anyone)
    assert token != planted
    assert len(token) == 43
    assert service.session_of(planted or "") is None
    assert service.session_of(token).user_id == cast.BOB


def test_signing_in_again_makes_another_session(anyone, bobs_email):
    enter(anyone, bobs_email)
    first = cookie(anyone)
    anyone.client.set_cookie(cookie_name(), "")
    enter(anyone, bobs_email)
    assert cookie(anyone) not in ("", first)


def test_the_database_never_holds_the_token(anyone, bobs_email):
    enter(anyone, bobs_email)
    rows = db.session.query(SignInSession).all()
    assert cookie(anyone) not in repr([vars(row) for row in rows])


def test_the_cookie_is_closed_to_scripts_and_other_sites(anyone, bobs_email):
    header = enter(anyone, bobs_email).headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header  # PUBLIC_URL is http here


def test_an_ended_session_stays_ended(anyone, bob, bobs_email):
    """S11: reuse after sign-out, also of a copied cookie."""
    enter(anyone, bobs_email)
    token = cookie(anyone)
    reply = anyone.post("people.sign_out")
    assert '"storage"' in reply.headers["Clear-Site-Data"]
    anyone.client.set_cookie(cookie_name(), token)
    assert anyone.get("people.profile", 303).location.startswith("/sign-in")


@pytest.mark.parametrize("how", ["disabled", "password reset", "role change", "revoked"])
def test_what_ends_every_session(bob, how):
    bob.get("people.profile")
    alice = queries.person(cast.ALICE, cast.JUNIPER).actor
    with unit_of_work():
        if how == "disabled":
            service.disable_member(cast.JUNIPER, cast.BOB, actor=alice)
        elif how == "password reset":
            service.reset_password(
                service.request_reset("bob@juniper.example").token, factory.PASSWORD, origin=None
            )
        elif how == "role change":
            service.change_role(cast.JUNIPER, cast.BOB, Role.TEAM_LEAD, actor=alice)
        else:
            [row] = queries.sessions(cast.BOB)
            service.revoke_session(cast.BOB, row.id, actor=alice)
    bob.get("people.profile", 303)


def test_a_changed_password_keeps_this_browser_only(browser, bobs_email):
    here, there = browser(cast.BOB), browser(cast.BOB)
    here.post(
        "people.change_password", 422, data={"current": "wrong", "password": "a lamp in the window"}
    )
    here.post(
        "people.change_password",
        422,
        data={"current": factory.PASSWORD, "password": "password1234"},
    )
    there.get("people.profile")
    here.post(
        "people.change_password",
        data={"current": factory.PASSWORD, "password": "a lamp in the window"},
    )
    here.get("people.profile")
    there.get("people.profile", 303)
    assert service.check_password(bobs_email, "a lamp in the window") == cast.BOB


@pytest.mark.parametrize(
    ("who", "minutes", "status"),
    [
        (cast.ALICE, 29, 200),
        (cast.ALICE, 31, 303),
        (cast.VERA, 31, 303),
        (cast.PAT, 31, 303),
        (cast.BOB, 31, 200),
        (cast.BOB, 239, 200),
        (cast.BOB, 241, 303),
    ],
)
def test_idle_sessions_end(browser, clock, who, minutes, status):
    """PROMISES 4 row 11: 30 minutes for leads, officers and admins; an agent has four hours."""
    mine = browser(who)
    clock.travel(by=timedelta(minutes=minutes))
    mine.get("people.profile", status)


def test_no_session_outlives_twelve_hours(bob, clock):
    for _ in range(5):
        clock.travel(by=timedelta(hours=2, minutes=20))
        bob.get("people.profile")
    clock.travel(by=timedelta(minutes=21))
    bob.get("people.profile", 303)


def test_reading_touches_the_session_at_most_once_a_minute(bob, clock):
    """RULINGS 23."""
    bob.get("people.profile")
    [before] = queries.sessions(cast.BOB)
    clock.travel(by=timedelta(seconds=50))
    bob.get("people.profile")
    assert queries.sessions(cast.BOB)[0].last_seen_at == before.last_seen_at
    clock.travel(by=timedelta(seconds=20))
    bob.get("people.profile")
    assert queries.sessions(cast.BOB)[0].last_seen_at > before.last_seen_at


def test_people_see_and_end_their_sessions(browser, bob):
    other = browser(cast.BOB)
    page = bob.get("people.sessions")
    assert page.text.count("This browser") == 1
    assert len(page.page.select("#session-list tbody tr")) == 2
    bob.post("people.revoke_other_sessions")
    other.get("people.profile", 303)
    [mine] = queries.sessions(cast.BOB)
    assert bob.post("people.revoke_session", session_id=mine.id).location == "/sign-in"
    bob.get("people.profile", 303)


def test_nobody_ends_anothers_session(bob, alice):
    [row] = queries.sessions(cast.ALICE)
    bob.post("people.revoke_session", 404, session_id=row.id)
    alice.get("people.profile")


def test_guests_write_nothing(anyone):
    anyone.get("people.sign_in")
    assert db.session.query(SignInSession).count() == 0


@pytest.mark.parametrize("value", ["x", "a.b.c", "." * 3800, "é", "0" * 43])
def test_a_broken_cookie_is_a_guests(anyone, value):
    anyone.client.set_cookie(cookie_name(), value)
    anyone.get("people.sign_in")


# One-time codes ------------------------------------------------------------------------------------------------------


def test_with_codes_on_a_password_is_half_the_way(anyone, bobs_email, clock):
    sealed = set_up_codes()
    assert enter(anyone, bobs_email, next="/profile").location == "/sign-in/code"
    anyone.get("people.profile", 303)
    anyone.post("people.second_step", 422, data={"code": "123"})
    clock.travel(by=timedelta(seconds=60))
    assert anyone.post("people.second_step", data={"code": code_now(sealed)}).location == "/profile"
    anyone.get("people.profile")


def test_no_code_is_accepted_twice(anyone, bobs_email, clock):
    """S11 TOTP replay: neither the code of the set-up nor one used at sign-in."""
    sealed = set_up_codes()
    enter(anyone, bobs_email)
    anyone.post("people.second_step", 422, data={"code": code_now(sealed)})
    clock.travel(by=timedelta(seconds=60))
    code = code_now(sealed)
    anyone.post("people.second_step", data={"code": code})
    anyone.post("people.sign_out")
    enter(anyone, bobs_email)
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
    set_up_codes()
    enter(anyone, bobs_email)
    for n in range(5):
        anyone.post("people.second_step", 422, data={"code": f"{n:06}"})
    anyone.post("people.second_step", 429, data={"code": "000009"})


def test_the_half_way_lapses(anyone, bobs_email, clock):
    sealed = set_up_codes()
    enter(anyone, bobs_email)
    clock.travel(by=timedelta(minutes=6))
    assert anyone.post("people.second_step", data={"code": code_now(sealed)}).location == "/sign-in"


def test_the_secret_is_sealed_at_rest(app):
    """X-6."""
    sealed = set_up_codes()
    assert "key" not in sealed
    assert sealed.startswith("gAAAA")


# Reset ---------------------------------------------------------------------------------------------------------------


def test_a_reset_says_the_same_to_everybody(anyone, outbox):
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
    assert enter(anyone, "bob@juniper.example").location == "/sign-in/code"
    with unit_of_work():
        late = service.request_reset("bob@juniper.example").token
    clock.travel(by=timedelta(minutes=61))
    anyone.get("people.reset", 410, token=late)


def test_links_in_mails_come_from_public_url(anyone, outbox):
    """S17: a false Host changes nothing."""
    anyone.open(
        "POST",
        "/password-resets/new",
        200,
        data={"email": "bob@juniper.example"},
        headers={"X-Forwarded-Host": "evil.example"},
        base_url="http://evil.example",
    )
    from portal.people.views import mail

    mail._background.submit(lambda: None).result(timeout=10)
    [kept] = outbox.glob("*.eml")
    text = kept.read_text().replace("=\n", "")
    assert "evil" not in text
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
