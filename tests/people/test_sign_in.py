"""Sign-in, sessions, codes and links hold against what S11, S17 and PROMISES 4 list."""

from datetime import timedelta

import flask_security
import pytest

from portal.core import audit
from portal.core.access import Role
from portal.core.db import db, unit_of_work
from portal.people import queries, rules, service
from portal.people.models import SignInSession
from portal.people.service import passwords
from portal.people.views.session_store import cookie_name
from tests import cast
from tests.factories import people as factory


def cookie(browser):
    found = browser.client.get_cookie(cookie_name())
    return found.value if found else None


@pytest.fixture
def bobs_email(app):
    return factory.give_password(cast.BOB)


# Password ------------------------------------------------------------------------------------------------------------


def test_a_right_password_opens_the_home(anyone, bobs_email):
    assert factory.enter(anyone, f"  {bobs_email.upper()} ").location == "/"
    assert anyone.follow(anyone.get("people.index", 303)).status == 200
    assert "people:session:start" in events(cast.JUNIPER)


def events(chain):
    return [entry.event for entry in audit.entries(chain)]


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
    reply = factory.enter(
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
        factory.enter(anyone, f"guess{n}@juniper.example", "wrong", 422)
    factory.enter(anyone, "guess99@juniper.example", "wrong", 429)


def test_right_passwords_are_not_counted(anyone, bobs_email):
    for _ in range(12):
        factory.enter(anyone, bobs_email)
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
    assert factory.enter(anyone, bobs_email, next=target).location == target


@pytest.mark.parametrize("target", UNSAFE)
def test_sign_in_leads_to_no_other_site(anyone, bobs_email, target):
    """S17, PROMISES 4 row 18."""
    assert factory.enter(anyone, bobs_email, next=target).location == "/"
    assert not rules.is_safe_next(target)


# Sessions ------------------------------------------------------------------------------------------------------------


def test_a_cookie_from_before_sign_in_is_worth_nothing(anyone, bobs_email):
    """S11 fixation: the session id is new at sign-in, and a planted one is ignored."""
    anyone.client.set_cookie(cookie_name(), "planted-token-of-an-attacker-0123456789abcdef")
    anyone.get("people.sign_in")
    planted = cookie(anyone)
    factory.enter(anyone, bobs_email)
    token = cookie(anyone)
    assert token != planted
    assert len(token) == 43
    assert service.session_of(planted or "") is None
    assert service.session_of(token).person.id == cast.BOB


def test_signing_in_again_makes_another_session(anyone, bobs_email):
    factory.enter(anyone, bobs_email)
    first = cookie(anyone)
    anyone.client.set_cookie(cookie_name(), "")
    factory.enter(anyone, bobs_email)
    assert cookie(anyone) not in ("", first)


def test_the_database_never_holds_the_token(anyone, bobs_email):
    factory.enter(anyone, bobs_email)
    rows = db.session.query(SignInSession).all()
    assert cookie(anyone) not in repr([vars(row) for row in rows])


def test_the_cookie_is_closed_to_scripts_and_other_sites(anyone, bobs_email):
    header = factory.enter(anyone, bobs_email).headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header  # PUBLIC_URL is http here


def test_an_ended_session_stays_ended(anyone, bob, bobs_email):
    """S11: reuse after sign-out, also of a copied cookie."""
    factory.enter(anyone, bobs_email)
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
