"""What once was answered with an error of ours, one line each: a refusal in words, and what is kept (S19)."""

import contextvars
import io
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from flask import request

from portal.core.addresses import NONE, is_web, parts_of
from portal.core.audit import Actor
from portal.core.columns import BIGGEST
from portal.core.db import db, unit_of_work
from portal.core.formats import moment
from portal.core.tenancy import Tenant
from portal.core.web import see_other
from portal.people.rules import tidy_email
from portal.registrations import queries as registrations
from portal.registrations import service as registering
from portal.registrations.rules import pages, preflight
from portal.webhook_checks.service import believing
from tests import cast
from tests.factories.archives import damaged_zips
from tests.factories.integrations import Program, make_key
from tests.factories.optin import make_published
from tests.factories.people import give_password

UNREADABLE = (
    "https://[yourdomain].com", "http://[", "https://[x].com", "https://x.com:99999", "//[", "https://a\u2100b.com",
)  # fmt: skip


def ask(person, method, url, **sent):
    """Ask as a server does: nothing of one request is seen by the next."""
    db.session.rollback()
    return contextvars.Context().run(
        lambda: person.client.open(url, method=method, buffered=True, **sent)
    )


@pytest.mark.parametrize("url", UNREADABLE)
def test_an_address_that_is_none_has_no_parts_and_breaks_nothing_that_splits(url):
    assert parts_of(url) == NONE
    assert not is_web(url)
    assert not pages.is_reserved(url)
    assert not pages.is_local(url)
    assert pages.hosts([url, "https://www.zelda.example/x"]) == ("zelda.example",)


def test_an_address_of_the_web_keeps_its_parts():
    assert parts_of("https://x.com:444/a?b").port == 444
    assert is_web("http://[::1]:80/")
    assert not is_web("ftp://x.com")
    assert not is_web("")


def test_an_address_of_a_person_has_one_spelling():
    for odd in ("bob@x.com\0", "\0" * 300 + "bob@x.com", " " * 300 + "Bob@x.com\0 ", "b\0ob@x.com"):
        assert tidy_email(odd) == "bob@x.com", odd


@pytest.mark.parametrize(
    ("path", "most", "refused"), [("/sign-in", 10, 422), ("/password-resets/new", 3, 200)]
)
def test_no_spelling_gives_one_person_more_tries(path, most, refused, app):
    """S11, X-6: NUL in the address was another key each time, and the same person."""
    email = give_password(cast.BOB)
    told = []
    for n in range(most + 3):
        odd = ("\0" * (290 * (n % 2)) + email) + "\0" * n
        sent = {"data": {"email": odd, "password": "wrong"}}
        where = {"REMOTE_ADDR": f"198.51.100.{n}"}
        answer = contextvars.Context().run(
            lambda sent=sent, where=where: app.test_client().post(path, **sent, environ_base=where)
        )
        told.append(answer.status_code)
    assert told == [refused] * most + [429] * 3


@pytest.mark.parametrize("url", UNREADABLE)
def test_a_website_that_is_none_is_refused_at_its_field_and_survived_where_it_is_kept(
    url, own, alice, northside
):
    where = {
        "organization_id": northside.organization_id,
        "registration_id": own.ids["registration_id"],
    }
    edit = alice.url("registrations.edit", **where, name="business")
    known = registrations.get_or_404(Tenant(northside.organization_id), where["registration_id"])
    sent = {"legal_name": "x", "edits": known.edits, "tier": "low"}
    answer = ask(alice, "POST", edit, data={**sent, "website": url})
    assert answer.status_code == 422
    assert "Write the address as a browser shows it" in answer.text
    keep(known, url)
    for page in ("business", "contact", "messages", "opt-in", "check"):
        at = alice.url("registrations.edit", **where, name=page)
        assert ask(alice, "GET", at).status_code in {200, 404}, page
    problems = registering.problems_of(registrations.get_or_404(known.tenant, known.id))
    assert "website" in {one.field for one in preflight.stopping(problems)}


def keep(known, url):
    """Keep a website as it could be kept before it was looked at."""
    with unit_of_work():
        registering.save(
            known.tenant, known.id, {"website": url}, edits=known.edits,
            actor=Actor(cast.ALICE, "Alice", "127.0.0.1"),
        )  # fmt: skip


@pytest.mark.parametrize("origin", ["http://[", "https://x:99999", "null", "[", ""])
def test_an_origin_that_is_none_is_foreign(origin, anyone):
    for path in ("/f/x", "/sign-in"):
        assert ask(anyone, "POST", path, headers={"Origin": origin}).status_code == 403


def test_a_referer_that_is_none_is_foreign_before_the_token_is_looked_at(anyone, monkeypatch):
    """PROMISES 4 row 2; with the right token over https the library took it apart unguarded."""
    monkeypatch.setitem(anyone.app.config, "WTF_CSRF_ENABLED", True)
    form = ask(anyone, "GET", "/sign-in", base_url="https://localhost").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)[1]
    data = {"csrf_token": token, "email": "x", "password": "y"}
    for referer, status in (
        ("https://[", 403),
        ("https://x:99999", 403),
        ("https://localhost/sign-in", 422),
    ):
        answer = ask(
            anyone,
            "POST",
            "/sign-in",
            base_url="https://localhost",
            headers={"Referer": referer},
            data=data,
        )
        assert answer.status_code == status, referer


@pytest.mark.parametrize("host", ["[", "x:99999", "[x]", "a\u2100b".encode().decode("latin-1")])
def test_a_webhook_under_a_host_that_is_none_is_not_genuine(host, anyone):
    """W2: who asks is looked for under every host the headers name."""
    for path, body, kind in (
        ("porting", b"{}", "application/json"),
        ("sms", b"AccountSid=AC1", "application/x-www-form-urlencoded"),
    ):
        believing._marked.clear()
        answer = ask(
            anyone, "POST", f"/webhooks/twilio/{path}", data=body, content_type=kind,
            headers={"X-Twilio-Signature": "x", "X-Forwarded-Host": host},
        )  # fmt: skip
        assert answer.status_code == 403, path


@pytest.mark.parametrize("number", [BIGGEST + 1, 2**63, 10**40])
def test_a_number_beyond_any_column_names_nothing(number, own, anyone, alice, pat, northside):
    for person, path in (
        (anyone, f"/f/x/{number}/style.css"),
        (anyone, f"/f/x/{number}/logo.png"),
        (pat, f"/outbox/{own.ids['mail_id']}/files/{number}"),
        (alice, f"/accounts/{northside.id}/forms/{own.ids['form_id']}/versions/{number}"),
    ):
        assert ask(person, "GET", path).status_code == 404, path
    log = f"/organizations/{northside.organization_id}/audit"
    assert ask(alice, "GET", log, query_string={"before": str(number)[:12]}).status_code == 400


@pytest.mark.parametrize("content", damaged_zips(), ids=["name", "version"])
def test_a_damaged_archive_is_refused_in_words(content, own, alice, vera, northside):
    """K-1, Q-7, S-2, C-2: one place opens what people pack."""
    lists = vera.url("dnc.lists", organization_id=northside.organization_id)
    for person, path, name, more in (
        (alice, alice.url("contacts.upload", account_id=northside.id), "a.xlsx", {}),
        (alice, f"/accounts/{northside.id}/opt-outs/imports", "a.xlsx", {}),
        (alice, alice.url("consent.upload", account_id=northside.id), "a.zip", {}),
        (vera, lists, "a.zip", {"source": "US", "kind": "", "as_of": "2026-03-01"}),
    ):
        answer = ask(person, "POST", path, data={**more, "file": (io.BytesIO(content), name)})
        assert answer.status_code == 422, path
        assert re.search("damaged|can't be read|can&#39;t be read", answer.text), path


@pytest.mark.parametrize("end", ["\r", "\rX", "\n", "\t", " x", "\x7f", "\\", "\0"])
def test_a_way_on_that_no_header_takes_is_none(end, own, alice, northside):
    """PROMISES 4 row 18; what was asked for is done, and the answer says so."""
    finish = alice.url("tasks.finish", account_id=northside.id, task_id=own.ids["task_id"])
    there = f"/accounts/{northside.id}/tasks"
    for headers in ({}, {"HX-Request": "true"}):
        answer = ask(alice, "POST", finish, data={"next": there + end}, headers=headers)
        assert answer.status_code < 400
        assert end not in (
            answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
        )


def test_a_way_on_goes_into_a_header_as_addresses_do(app):
    for headers in ({}, {"HX-Request": "true"}):
        with app.test_request_context("/", headers=headers):
            sent = see_other("/x/\u4f60\u00e9?q=\u4f60").get_wsgi_headers(request.environ)
        told = (
            sent.get("HX-Redirect")
            or urlsplit(sent["Location"])._replace(scheme="", netloc="").geturl()
        )
        assert told == "/x/%E4%BD%A0%C3%A9?q=%E4%BD%A0"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_key_lasts_no_longer_than_days_can_be_reckoned(day, alice, northside):
    sent = {"name": "x", "scopes": ["messages:send"], "last_day": day}
    answer = ask(
        alice, "POST", alice.url("integrations.make_key", account_id=northside.id), data=sent
    )
    assert answer.status_code == 422
    assert "Check the year of this day." in answer.text


@pytest.mark.parametrize("number", ["sNaN", "NaN", "Infinity", "-sNaN1", "1e999999"])
def test_a_threshold_is_a_number_one_can_reckon_with(number, vera, northside):
    fields = ("opt_out_watch", "opt_out_breach", "error_watch", "error_breach")
    url = f"/organizations/{northside.organization_id}/thresholds"
    assert ask(vera, "POST", url, data=dict.fromkeys(fields, number)).status_code == 422


def test_nul_reaches_no_column_of_text(vera, anyone, northside):
    url = vera.url("dnc.remove_list", organization_id=northside.organization_id)
    assert ask(vera, "POST", url, data={"source": "\0", "area_code": "\0"}).status_code == 400
    form = make_published(northside, origins=["https://x.example"])
    told = {"page": "https://x.example/\0"}
    assert ask(anyone, "GET", f"{form.path}/embed", query_string=told).status_code == 200


def test_a_day_no_zone_can_reckon_is_refused_and_survived_where_it_is_kept(northside, alice):
    """C-3: a key of the API could make the list of consents fail for everybody."""
    assert moment(datetime(1, 1, 1, tzinfo=UTC), "America/Chicago") == "1 Jan 1, 12:00 am UTC"
    _, token = make_key(northside)
    said = {"phone": "+13125550177", "given_at": "0001-01-01T00:00:00Z"}
    answer = Program(alice.app, token).ask("POST", "/api/v1/consents", json_body=said)
    assert answer.status_code == 422
    assert "Nobody agreed before 1990" in answer.get_data(as_text=True)
