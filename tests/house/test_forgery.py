"""Nothing is done that another site asks for, and nothing because a page is read (S3).

The tests' application has its tokens switched off; here they are on, as in the product.
"""

import contextvars
import re

import pytest
from sqlalchemy import select

from portal.core.access import Scope
from portal.core.db import Base, db
from tests import cast
from tests.house.furnishing import furnish

pytestmark = pytest.mark.pages

# What reading may write (RULINGS 23): when a session was last seen.
MAY_GROW = {"sessions"}


@pytest.fixture
def guarded(app, monkeypatch):
    """The application with its tokens on."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    return app


def everything(besides=MAY_GROW):
    """Return all rows of the database, table by table."""
    db.session.rollback()
    return {
        table.name: sorted(map(repr, db.session.execute(select(table))))
        for table in Base.metadata.sorted_tables
        if table.name not in besides
    }


def changed(before):
    after = everything()
    return [name for name in before if before[name] != after[name]]


def unsafe(person, own):
    """Give every address a form is sent to, of those that go by the cookie.

    The public's forms go by a one-time token of their own (tests/optin/test_abuse.py), links in
    mails by their signature.
    """
    for rule in person.app.url_map.iter_rules():
        access = getattr(person.app.view_functions[rule.endpoint], "access", None)
        by_cookie = access != "signed_by_carrier" and not isinstance(access, Scope)
        by_cookie = by_cookie and not rule.endpoint.startswith(
            ("hosted.", "mail_links.", "plan_links.")
        )
        for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"}) if by_cookie else ():
            yield method, person.url(rule.endpoint, **own.for_rule(rule))


def send(person, method, url, **sent):
    return contextvars.Context().run(
        lambda: person.client.open(url, method=method, buffered=True, **sent)
    )


@pytest.mark.parametrize("name", ["alice", "pat", "anyone"])
def test_a_form_without_this_sessions_token_does_nothing(name, request, guarded, own, browser):
    """No token, a broken one, somebody else's, one of a session that ended; in any content type."""
    person, wrong = request.getfixturevalue(name), []
    foreign, stale = _token(browser(cast.MALLORY)), _stale(browser(person.user_id or cast.BOB))
    before = everything()
    tokens = ("", "x" * 40, foreign, stale)
    for place, (method, url) in enumerate(unsafe(person, own)):
        as_text = {"data": b"body=Hi", "content_type": "text/plain"}
        header = {"headers": {"X-CSRFToken": tokens[place % len(tokens)]}}
        for sent in (
            *({"data": {"csrf_token": t, "body": "Hi"}} for t in tokens),
            header | as_text,
        ):
            status = send(person, method, url, **sent).status_code
            if status != 403:
                wrong.append(f"{method} {url} with {sent}: {status}")
    assert wrong == []
    assert changed(before) == []


def _token(person):
    html = send(person, "GET", "/profile").get_data(as_text=True)
    found = re.search(r'X-CSRFToken(?:&#34;|"): (?:&#34;|")([^"&]+)', html)
    assert found is not None
    return found[1]


def _stale(person):
    """Return the token of a session that its person has ended."""
    token = _token(person)
    left = send(person, "POST", person.url("people.sign_out"), data={"csrf_token": token})
    assert left.status_code == 303
    return token


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
def test_what_a_browser_calls_foreign_does_nothing_though_its_token_is_right(
    guarded, alice, own, headers
):
    token, before = _token(alice), everything()
    wrong = [
        f"{method} {url}: {status}"
        for method, url in unsafe(alice, own)
        if (
            status := send(
                alice, method, url, data={"csrf_token": token}, headers=headers
            ).status_code
        )
        != 403
    ]
    assert wrong == []
    assert changed(before) == []


def test_the_right_token_from_our_own_page_does_it(guarded, alice, northside):
    """The control: what is refused above goes through when all is as it should be."""
    url = alice.url("notifications.read_all")
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}):
        sent = {"data": {"csrf_token": _token(alice)}, "headers": headers}
        assert send(alice, "POST", url, **sent).status_code == 303


def test_no_method_is_another_in_disguise(guarded, alice, own):
    before = everything()
    token = _token(alice)
    for method, url in unsafe(alice, own):
        for disguise in ({"X-HTTP-Method-Override": method}, {"X-Method-Override": method}):
            send(alice, "GET", url, headers={**disguise, "X-CSRFToken": token})
        send(alice, "GET", url, query_string={"_method": method, "csrf_token": token})
    assert changed(before) == []


def test_reading_changes_nothing(app, own, northside, request):
    """RULINGS 23: every page, as everybody; access is logged, and no more.

    That is an officer's look at texts, proof that is downloaded, a shared link that is opened,
    a guess at one, and how often a link to a picture was followed (S15).
    """
    own = furnish(own, northside)
    for name in ("alice", "bob", "vera", "pat", "anyone"):
        person, before = request.getfixturevalue(name), everything()
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and rule.endpoint not in {"static", "assets"}:
                send(person, "GET", person.url(rule.endpoint, **own.for_rule(rule)))
        logged = {
            "audit_heads", "audit_entries", "shared_link_visits", "tries", "media_fetches",
        }  # fmt: skip
        assert set(changed(before)) <= logged, name
        written = set(everything()["audit_entries"]) - set(before["audit_entries"])
        assert all(entry_is_of_access(entry) for entry in written), name


def entry_is_of_access(entry):
    return any(f":{verb}'" in entry for verb in ("view", "download", "open"))
