"""Every route against every role (RULINGS 22): the oracle is the table in portal.core.access."""

import contextvars
from uuid import UUID

import pytest
from werkzeug.routing import IntegerConverter

from portal.core.access import OWNER_PERMISSIONS, PERMISSIONS, Permission, Role, Scope
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.people import service as people
from tests import cast
from tests.factories.people import person as make_person

pytestmark = pytest.mark.pages

NOBODY = UUID(int=7)
# A view that asks more than its permission: who owns the account, or who may undo what.
STRICTER = {"texting_accounts.settings", "consent.remove_do_not_contact"}
SIGN_OUT = "people.sign_out"
SIGNED_IN, SIGNED_BY_CARRIER = "signed_in", "signed_by_carrier"
PERSONS = {
    "alice": Role.TEAM_LEAD,
    "bob": Role.AGENT,
    "vera": Role.COMPLIANCE_OFFICER,
    "pat": Role.ADMIN,
}


def _asks_a_permission(access):
    return isinstance(access, Permission)


def _rules(app, is_meant=_asks_a_permission):
    """Give each route meant with its declared access and a URL of Bob's account at Juniper Realty."""
    held = {"account_id": cast.BOBS, "organization_id": cast.JUNIPER}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        access = getattr(view, "access", None)
        if rule.endpoint == "static" or not is_meant(access):
            continue
        values = {name: held.get(name, NOBODY) for name in rule.arguments}
        for name, converter in rule._converters.items():
            if name not in held and type(converter).__name__ != "UUIDConverter":
                values[name] = 7 if isinstance(converter, IntegerConverter) else "x"
        for method in sorted(rule.methods & {"GET", "POST"}):
            yield rule, method, access, values


@pytest.fixture
def ask():
    """Ask without the page lint: only who may enter is of interest here."""
    return lambda *asked, **sent: _answer(*asked, **sent).status_code


def _answer(person, method, rule, values, **sent):
    url = person.url(rule.endpoint, **values)
    return contextvars.Context().run(lambda: person.client.open(url, method=method, **sent))


@pytest.mark.parametrize("name", PERSONS)
def test_who_lacks_the_permission_is_turned_away_and_nobody_else(app, ask, request, name):
    person, role = request.getfixturevalue(name), PERSONS[name]
    wrong = []
    for rule, method, access, values in _rules(app):
        held = PERMISSIONS[role] | (OWNER_PERMISSIONS if name == "bob" else frozenset())
        status = ask(person, method, rule, values)
        is_tenants = {"account_id", "organization_id"} & set(rule.arguments)
        if role is Role.ADMIN and is_tenants and access is not Permission.ADMINISTER:
            fine = status in {403, 404}  # an administrator sees no tenant's rows (RULINGS 22)
        elif access in held:
            fine = status != 403 or rule.endpoint in STRICTER
        else:
            fine = status == 403
        if not fine:
            wrong.append(f"{method} {rule.rule} ({access}) gave {name} {status}")
    assert wrong == []


def test_a_strangers_tenant_is_as_good_as_missing(app, ask, mallory):
    wrong = [
        f"{method} {rule.rule} gave {status}"
        for rule, method, _, values in _rules(app)
        if {"account_id", "organization_id"} & set(rule.arguments)
        and (status := ask(mallory, method, rule, values)) != 404
    ]
    assert wrong == []


# Views open to everybody: each is named here, so that none is opened by oversight.
OPEN_TO_ALL = {
    "health.alive", "health.ready", "health.metrics", "people.index", "people.sign_in", "people.second_step",
    "people.forgot", "people.reset", "people.accept", "api.openapi", "notifications.outbox", "notifications.outbox_mail",
    "notifications.manifest", "notifications.push_worker",
    "mail_links.unsubscribe", "plan_links.unsubscribe", "notifications.outbox_html", "notifications.outbox_file",
    "hosted.form", "hosted.thanks", "hosted.embed", "hosted.embed_thanks", "hosted.embed_script", "hosted.kiosk",
    "hosted.kiosk_thanks", "hosted.style", "hosted.logo",
    "proofs.verify", "proofs.verifier", "proofs.shared", "proofs.shared_pdf", "proofs.shared_json", "proofs.shared_evidence",
    "proofs.shared_page", "proofs.shared_picture", "proofs.shared_bundle", "appeals.shared", "appeals.shared_file",
    "media.for_carrier", "media.for_person",
}  # fmt: skip


def test_every_route_is_in_the_table_or_named_as_open(app):
    """S1: a route that is not in the matrix fails."""
    odd = {
        f"{rule.endpoint} ({access})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in {"static", "assets", *OPEN_TO_ALL}
        and not isinstance(
            access := getattr(app.view_functions[rule.endpoint], "access", None),
            (Permission, Scope),
        )
        and access not in {SIGNED_IN, SIGNED_BY_CARRIER}
    }
    assert odd == set()
    assert {e for e in OPEN_TO_ALL if app.view_functions[e].access != "open_to_all"} == set()


def test_a_lead_of_another_team_finds_nothing_of_an_account(app, ask, browser):
    """S1: being a lead in the same brokerage opens one's own teams' accounts alone."""
    dora = make_person("Dora Webb", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD)
    lead = browser(dora.id)
    wrong = [
        f"{method} {rule.rule} gave {status}"
        for rule, method, _, values in _rules(app)
        if "account_id" in rule.arguments and (status := ask(lead, method, rule, values)) != 404
    ]
    assert wrong == []


def test_who_is_locked_out_is_as_good_as_a_stranger(app, ask, bob):
    """S1: every open session of a disabled person ends at once."""
    with unit_of_work():
        people.set_active(cast.BOB, active=False, actor=SYSTEM)
    wrong = [
        f"{method} {rule.rule} gave {status}"
        for rule, method, _, values in _rules(app)
        if (status := ask(bob, method, rule, values)) not in {302, 303, 401, 403}
    ]
    assert wrong == []


def test_a_method_a_route_does_not_name_is_refused(app, ask, alice):
    wrong = []
    for place, (rule, _, _, values) in enumerate(_rules(app)):
        named = {m for r in app.url_map.iter_rules() if r.rule == rule.rule for m in r.methods}
        method = sorted({"PUT", "PATCH", "DELETE", "POST"} - named)[place % 3]
        if (status := ask(alice, method, rule, values)) != 405:
            wrong.append(f"{method} {rule.rule} gave {status}")
    assert wrong == []


def test_who_is_not_signed_in_is_sent_to_sign_in(app, ask, anyone):
    wrong = [
        f"{method} {rule.rule} gave {status}"
        for rule, method, _, values in _rules(app)
        if (status := ask(anyone, method, rule, values)) not in {302, 303, 401, 403}
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [*PERSONS, "mallory"])
def test_what_is_everybodys_own_opens_whatever_the_role(app, request, name):
    """S1: pages about the person who asks; a row that is not theirs is missing, not forbidden."""
    person, wrong = request.getfixturevalue(name), []
    rules = sorted(_rules(app, SIGNED_IN.__eq__), key=lambda one: one[0].endpoint == SIGN_OUT)
    for rule, method, _, values in rules:
        answer = _answer(person, method, rule, values)
        is_out = "/sign-in" in answer.headers.get("Location", "")
        fine = {404} if rule.arguments else {200, 303} if method == "GET" else {200, 303, 400, 422}
        if answer.status_code not in fine or is_out is not (rule.endpoint == SIGN_OUT):
            wrong.append(f"{method} {rule.rule} gave {name} {answer.status_code}")
    assert wrong == []
    assert len(rules) > 15


def test_what_is_everybodys_own_sends_who_is_not_signed_in_to_sign_in(app, anyone, bob):
    """S1: neither to a stranger nor, from that moment on, to a disabled person."""
    with unit_of_work():
        people.set_active(cast.BOB, active=False, actor=SYSTEM)
    wrong = [
        f"{method} {rule.rule} gave {answer.status_code}"
        for person in (anyone, bob)
        for rule, method, _, values in _rules(app, SIGNED_IN.__eq__)
        if (answer := _answer(person, method, rule, values)).status_code != 303
        or "/sign-in" not in answer.headers["Location"]
    ]
    assert wrong == []


def test_no_role_stands_in_for_a_signature(app, ask, request):
    """S1: an unsigned webhook is refused to everybody alike; a card provider's with 400."""
    persons = [request.getfixturevalue(name) for name in ("anyone", *PERSONS, "mallory")]
    sent, wrong = {"Body": "STOP"}, []
    for rule, method, _, values in _rules(app, SIGNED_BY_CARRIER.__eq__):
        refused = 400 if rule.endpoint == "billing_webhooks.stripe_webhook" else 403
        said = [ask(person, method, rule, values, data=sent) for person in persons]
        if said != [refused] * len(persons):
            wrong.append(f"{method} {rule.rule} gave {said}")
    assert wrong == []
