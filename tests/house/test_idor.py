"""Nothing crosses organizations (SPEC 1, PROMISES 4 row 1): every id of Lakeview's, tried by Juniper.

Two brokerages hold the same kinds of rows. Alice and Bob then ask for each of Lakeview's ids
wherever an address, a query or a form takes one.
"""

import contextvars
import re
from itertools import product
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from portal.core.access import PERMISSIONS, Permission, Role, Scope
from portal.core.db import Base, db
from portal.numbers import queries as numbers
from tests import cast
from tests.factories.numbers import make_carrier_account
from tests.factories.people import person as make_person
from tests.house.furnishing import WORDS, furnish
from tests.house.listening import Ear, ids_in
from tests.house.property import NOBODY, SHARED, row_of, settle
from workers.sending import apply_statuses

HAS_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ONE_TIME = re.compile(  # ids, and tokens of pages and forms
    HAS_ID.pattern.encode() + rb'|nonce(?:&#34;:&#34;|":"|=")[^"&]+|csrf[^>]*?value="[^"]+"'
)
# Fields that take an id somewhere, with the kind of id they take.
TAKERS = {
    "ids": "contact_id",
    "on_page": "contact_id",
    "remove": "contact_id",
    "add": "contact_id",
    "preview": "contact_id",
    "selection": "selection_id",
    "number": "number_id",
    "user_id": "user_id",
    "team_id": "team_id",
    "open": "conversation_id",
    "use_saved": "reply_id",
    "file": "file_id",
    "detach": "file_id",
    "copy": "reply_id",
    "contact": "contact_id",
    "plan": "drip_id",
    "for_id": "user_id",
    "before": "notice_id",
}
TELLING = ("contact_id", "number_id", "selection_id", "conversation_id", "user_id", "team_id")


# What a person might type, by field name or else by kind of field.
SAMPLES = {
    "phone": "(312) 555-0188",
    "given_at": "2026-02-01T09:00",
    "date": "2026-02-01",
    "time": "09:30",
    "number": "5",
    "price_cents": "16.50",
    "email": "ann@juniper.example",
    "state": "IL",
    "numbers-0-raw": "(312) 555-0189",
}


def everything_of(organization_id, user_id):
    """Return all an organization and one of its people have in the database, table by table."""
    db.session.rollback()
    found = {}
    for table in Base.metadata.sorted_tables:
        for column, value in (("organization_id", organization_id), ("user_id", user_id)):
            if column in table.c:
                rows = db.session.execute(table.select().where(table.c[column] == value))
                found[table.name, column] = sorted(map(repr, rows))
    for table, key in (("users", user_id), ("organizations", organization_id)):
        found[table] = repr(row_of(table, id=key))
    return found


class Burglar:
    """Juniper's person at the door: asks, and keeps every answer that says too much."""

    def __init__(self, person, own, theirs, ear):
        self.person, self.own, self.theirs, self.ear = person, own, theirs, ear
        self.asked, self.complaints = 0, []

    def ask(self, method, url, *, check=True, **sent):
        db.session.rollback()
        self.asked += 1
        with self.ear.listening():
            answer = contextvars.Context().run(
                lambda: self.person.client.open(url, method=method, buffered=True, **sent)
            )
        said = answer.get_data().decode(errors="replace").lower()  # pictures say nothing
        told = [word for word in self.theirs.words if check and word in said]
        is_carriers = answer.status_code == 502 and "/numbers/" in url  # no carrier in tests
        if (answer.status_code >= 500 and not is_carriers) or told:
            self.complaints.append(f"{method} {url} {sent}: {answer.status_code}, told {told}")
        return answer

    def pages(self):
        """Give each address of the portal filled in with one's own ids, where it opens."""
        for rule in self.person.app.url_map.iter_rules():
            if "GET" in rule.methods and rule.endpoint not in {"static", "assets"}:
                yield rule, self.person.url(rule.endpoint, **self.own.for_rule(rule))

    def forms(self):
        """Return every form one's own pages show: its address and what it would send."""
        found = {}
        for _, url in self.pages():
            answer = self.ask("GET", url)
            if answer.mimetype != "text/html":
                continue
            for form in BeautifulSoup(answer.get_data(as_text=True), "html.parser").select(
                "form[method=post][action]"
            ):
                found[form["action"].partition("?")[0]] = filled_in(form)
        return found


def filled_in(form):
    """Return what a form would send as it stands; a choice left open takes its first."""
    data = {}
    for field in form.select("input[name], textarea[name], select[name], button[name]"):
        name, kind = field["name"], field.get("type")
        if field.name == "select":
            options = [o.get("value", o.text) for o in field.select("option")]
            chosen = [o.get("value", o.text) for o in field.select("option[selected]")]
            data[name] = (chosen or options or [""])[0]
        elif field.name == "textarea":
            data[name] = field.text.strip() or "Hello there"
        elif kind in ("checkbox", "radio"):
            if field.has_attr("checked") or name not in data:
                data[name] = field.get("value", "on")
        elif kind != "file" and field.name != "button":
            data[name] = field.get("value") or SAMPLES.get(name) or SAMPLES.get(kind) or "Ann"
    return data


@pytest.fixture
def theirs(lakeview):
    """All that Lakeview has."""
    all_ = settle(lakeview, cast.MALLORY, cast.LAKEVIEW_TEAM, "+14155550171", "+14155550172")
    return furnish(all_, lakeview, cast.MALLORY, area="415")


@pytest.fixture(params=["alices", "bobs_own"])
def burglar(request, theirs):
    """Alice in Northside, then Bob in an account of his own, each with their own of everything."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def alices(alice, northside, theirs):
    yield from _breaks_in(alice, northside, cast.ALICE, theirs)


@pytest.fixture
def bobs_own(bob, bobs, theirs):
    yield from _breaks_in(bob, bobs, cast.BOB, theirs)


@pytest.fixture
def veras(vera, northside, theirs):
    """The compliance officer, with Alice's ids: her role opens what a lead's does not."""
    yield from _breaks_in(vera, northside, cast.ALICE, theirs)


def _breaks_in(person, account, user_id, theirs):
    own = settle(account, user_id, cast.NORTHSIDE_TEAM, "+13125550171", "+13125550172", "Ownword")
    own = furnish(own, account, user_id)
    before = everything_of(cast.LAKEVIEW_HOMES, cast.MALLORY)
    scopes = {cast.JUNIPER.hex, account.id.hex, person.user_id.hex}
    ear = Ear(ids_in(cast.JUNIPER) | scopes, scopes, ids_in(cast.LAKEVIEW_HOMES))
    found = Burglar(person, own, theirs, ear)
    yield found
    print(f"S2: {found.asked} requests, {ear.heard} statements on tenants' tables")
    assert not ear.complaints, "\n".join(map(str, ear.complaints.most_common()))
    assert not found.complaints, "\n".join(found.complaints)
    after = everything_of(cast.LAKEVIEW_HOMES, cast.MALLORY)
    changed = [name for name in before if before[name] != after[name]]
    assert changed == [], f"{changed} of Lakeview changed"
    assert found.asked


def access_of(app, rule):
    return getattr(app.view_functions[rule.endpoint], "access", None)


def taking_ids(app):
    """Return the rules a person may open whose addresses take what somebody owns, with access.

    Addresses of the API ask for a key, whose ids are tried in tests/integrations.
    """
    found = [(rule, access_of(app, rule)) for rule in app.url_map.iter_rules()]
    return [(r, a) for r, a in found if r.arguments - SHARED and not isinstance(a, Scope)]


def test_every_id_an_address_takes_is_one_of_lakeviews(app, theirs):
    """The control of the walks: an id that nobody has would be as good as missing of itself.

    Who adds an address has to make what it names in `settle` or `furnish`, or say in SHARED that
    nobody owns it.
    """
    nobodys = [
        f"{rule.rule}: {name}"
        for rule, _ in taking_ids(app)
        for name in rule.arguments - SHARED
        if theirs.for_rule(rule)[name] == NOBODY
    ]
    assert nobodys == []


def test_what_lakeviews_addresses_name_is_there_for_lakeview(app, browser, theirs):
    """The other half of that control: an id of another kind than the address asks for is missing.

    Each page opens with Lakeview's ids, for its lead or else its officer or the administrator.
    """
    officer = make_person(
        "Olga Finch", organization_id=cast.LAKEVIEW_HOMES, role=Role.COMPLIANCE_OFFICER
    )
    people_ = [browser(id_) for id_ in (cast.MALLORY, officer.id, cast.PAT)]

    def is_missing(rule, person):
        db.session.rollback()
        url = person.url(rule.endpoint, **theirs.for_rule(rule))
        answer = contextvars.Context().run(lambda: person.client.get(url, buffered=True))
        return answer.status_code in {403, 404}

    shut = {
        rule.endpoint
        for rule, _ in taking_ids(app)
        if "GET" in rule.methods and all(is_missing(rule, person) for person in people_)
    }
    assert shut == set()


def tried(burglar, rules, shut=frozenset({403, 404})):
    """Say where an answer for one of Lakeview's ids is not the one for an id nobody has."""
    forms, wrong = burglar.forms(), []
    by_endpoint = {endpoint_of(burglar, action): data for action, data in forms.items()}
    for rule in rules:
        mine = burglar.own.for_rule(rule)
        for name in rule.arguments - SHARED:
            foreign = {**mine, name: burglar.theirs.for_rule(rule)[name]}
            missing = {**mine, name: NOBODY}
            for method in sorted(rule.methods & {"GET", "POST"}):
                data = by_endpoint.get(rule.endpoint, {"nonce": "n" * 16})
                for sent in [None, data] if method == "POST" else [None]:
                    answers = [
                        burglar.ask(
                            method,
                            burglar.person.url(rule.endpoint, **ids),
                            data=sent,
                            headers={"HX-Request": "true"},
                        )
                        for ids in (foreign, missing)
                    ]
                    if complaint := _differ(*answers, shut):
                        wrong.append(f"{method} {rule.rule} with their {name}: {complaint}")
    return wrong


def test_an_id_of_lakeviews_in_an_address_is_as_good_as_missing(burglar):
    """In any place of any address, with the form that would do something and without."""
    wrong = tried(burglar, [rule for rule, _ in taking_ids(burglar.person.app)])
    assert not wrong, "\n".join(wrong)


def test_what_a_leads_role_shuts_is_as_good_as_missing_to_the_officer(veras):
    """A lead is told there that the role forbids it, whatever the id; an officer is told 404."""
    officers = PERMISSIONS[Role.COMPLIANCE_OFFICER] - PERMISSIONS[Role.TEAM_LEAD]
    rules = [rule for rule, access in taking_ids(veras.person.app) if access in officers]
    wrong = tried(veras, rules, shut={404})
    assert not wrong, "\n".join(wrong)
    assert len(rules) > 40


def test_an_id_of_lakeviews_is_missing_in_junipers_pages_to_the_administrator(pat, theirs):
    """An administrator is at home in each organization, but never in two at once."""
    before, wrong = everything_of(cast.LAKEVIEW_HOMES, cast.MALLORY), []
    rules = [
        (rule, name)
        for rule, access in taking_ids(pat.app)
        for name in rule.arguments - SHARED - {"organization_id"}
        if access is Permission.ADMINISTER and "organization_id" in rule.arguments
    ]
    for rule, name in rules:
        at_junipers = {**theirs.for_rule(rule), "organization_id": cast.JUNIPER}
        for method in sorted(rule.methods & {"GET", "POST"}):
            urls = (
                pat.url(rule.endpoint, **at_junipers | {name: id_})
                for id_ in (at_junipers[name], NOBODY)
            )
            answers = [
                contextvars.Context().run(pat.client.open, url, method=method) for url in urls
            ]
            if complaint := _differ(*answers, {404}):
                wrong.append(f"{method} {rule.rule} with their {name}: {complaint}")
    assert not wrong, "\n".join(wrong)
    assert rules
    assert everything_of(cast.LAKEVIEW_HOMES, cast.MALLORY) == before


def endpoint_of(burglar, action):
    return burglar.person.app.url_map.bind("localhost").match(action, "POST")[0]


def _differ(theirs, missing, shut):
    """Say how the answer for a stranger's id is not the one for no id at all."""
    if theirs.status_code != missing.status_code:
        return f"{theirs.status_code}, but {missing.status_code} for one that is missing"
    if theirs.status_code not in shut:
        return str(theirs.status_code)
    if _masked(theirs) != _masked(missing):
        return "other bytes than for one that is missing"
    return ""


def _masked(answer):
    """Return an answer's bytes but for what is new each time, and the ids of its own address."""
    return ONE_TIME.sub(b"-", answer.get_data())


@pytest.mark.soak
def test_every_id_of_lakeviews_in_every_place_is_as_good_as_missing(burglar):
    """S2, at length: an id of each kind in each place, as a page and as a piece of one."""
    wrong = []
    theirs = {id_ for id_ in burglar.theirs.ids.values() if isinstance(id_, UUID)}
    theirs.discard(burglar.theirs.ids["plan_id"])
    for rule in burglar.person.app.url_map.iter_rules():
        mine = burglar.own.for_rule(rule)
        for name in rule.arguments - SHARED:
            for id_, method, headers in product(
                theirs, sorted(rule.methods & {"GET", "POST"}), ({}, {"HX-Request": "true"})
            ):
                url = burglar.person.url(rule.endpoint, **{**mine, name: id_})
                answer = burglar.ask(method, url, headers=headers)
                if answer.status_code not in {401, 403, 404}:
                    wrong.append(f"{method} {rule.rule} with their {name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert burglar.asked >= 5_000


def test_an_account_of_lakeviews_is_as_good_as_missing_with_all_its_ids(burglar):
    wrong = []
    for rule in burglar.person.app.url_map.iter_rules():
        for name in {"account_id", "organization_id"} & set(rule.arguments):
            for ids in (burglar.theirs, burglar.own):
                where = {**ids.for_rule(rule), name: burglar.theirs.ids[name]}
                for method in sorted(rule.methods & {"GET", "POST"}):
                    answer = burglar.ask(method, burglar.person.url(rule.endpoint, **where))
                    if answer.status_code not in {403, 404}:
                        wrong.append(f"{method} {rule.rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_an_id_of_lakeviews_in_a_query_shows_nothing_of_it(alices, monkeypatch):
    heard = listen(monkeypatch)
    for rule, url in alices.pages():
        heard.clear()
        alices.ask("GET", url)
        extra = {"ids", "selection"} if rule.endpoint == "contacts.index" else set()
        for name in sorted((heard | extra) - {None}):  # core looks for parts without a name
            for kind in {*TELLING[:4], TAKERS.get(name, "campaign_id")}:
                alices.ask("GET", url, query_string={name: str(alices.theirs.ids[kind])})


def listen(monkeypatch):
    """Return the set into which every name goes that the portal looks up in a query or form."""
    heard = set()

    class Listening(ImmutableMultiDict):
        def __contains__(self, key):
            heard.add(key)
            return super().__contains__(key)

        def get(self, key, *rest, **more):
            heard.add(key)
            return super().get(key, *rest, **more)

        def getlist(self, key, *rest, **more):
            heard.add(key)
            return super().getlist(key, *rest, **more)

    monkeypatch.setattr("flask.Request.parameter_storage_class", Listening)
    return heard


def test_an_id_of_lakeviews_in_a_form_has_no_effect(alices):
    """Wherever a form of Juniper's sends an id, and in the fields that take one elsewhere."""
    theirs = {kind: str(id_) for kind, id_ in alices.theirs.ids.items() if kind not in WORDS}
    forms = alices.forms()
    for action, data in forms.items():
        if endpoint_of(alices, action) in {"people.sign_out", "people.revoke_session"}:
            continue
        for name, value in data.items():
            for kind in TELLING if HAS_ID.search(value) else ():
                alices.ask("POST", action, data={**data, name: HAS_ID.sub(theirs[kind], value)})
        for name, kind in TAKERS.items():
            if name not in data:
                alices.ask("POST", action, data={**data, name: theirs[kind]})
    assert len(forms) > 20
    mixed = [
        table.name
        for table in Base.metadata.sorted_tables
        if "organization_id" in table.c
        for row in db.session.execute(table.select().where(table.c.organization_id == cast.JUNIPER))
        if any(id_ in repr(row) for id_ in theirs.values())
    ]
    assert mixed == []


def test_a_statement_beyond_the_own_house_is_heard(alices):
    """The control of the listener: what it must not let pass (PROMISES 5.0)."""
    ear, contacts_ = alices.ear, Base.metadata.tables["contacts"]
    theirs, wrong = alices.theirs.ids["contact_id"], []
    for condition in (
        contacts_.c.first_name == "Zelda",
        contacts_.c.id == theirs,
        contacts_.c.organization_id == cast.LAKEVIEW_HOMES,
        (contacts_.c.id == theirs) & (contacts_.c.organization_id == cast.JUNIPER),
        contacts_.c.account_id == alices.own.ids["account_id"],
    ):
        with ear.listening():
            db.session.execute(contacts_.select().where(condition)).all()
        wrong.append(ear.complaints.total())
        ear.complaints.clear()
    assert wrong == [1, 1, 1, 0, 0]
    assert alices.ask("GET", "/").status_code < 400


def test_junipers_carrier_account_tells_nothing_about_lakeviews_texts(alices, lakeview):
    """PROMISES 4 row 7: a genuine signature counts for the rows of its own organization alone."""
    credentials = make_carrier_account(cast.JUNIPER)
    theirs = alices.theirs.ids
    news = {"MessageSid": f"SM{theirs['message_id'].hex}", "MessageStatus": "failed"}
    reply = {"MessageSid": "SM" + "5" * 32, "From": "+14155550171", "Body": "STOP"}
    for path, params in (
        (f"status?m={theirs['message_id']}&a=1", news),
        ("sms", {**reply, "To": numbers.default_sender(lakeview.id).e164}),
    ):
        url = f"/webhooks/twilio/{path}"
        params["AccountSid"] = credentials.account_sid
        sign = RequestValidator(credentials.auth_token).compute_signature
        signed = {"X-Twilio-Signature": sign(f"http://localhost{url}", MultiDict(params))}
        assert alices.ask("POST", url, data=params, headers=signed).status_code in {200, 204}
    apply_statuses()
