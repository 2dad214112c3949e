"""Nothing crosses organizations (SPEC 1, PROMISES 4 row 1): every id of Lakeview's, tried by Juniper.

Two brokerages hold the same kinds of rows. Alice and Bob then ask for each of Lakeview's ids
wherever an address, a query or a form takes one.
"""

import contextvars
import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from portal.billing import queries as billing
from portal.compliance.rules.lint import Finding
from portal.consent import service as consent
from portal.consent.service.importing_consents import ConsentHandler
from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.access import Role, Scope
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import Base, db, unit_of_work
from portal.dossiers.values import Wanted
from portal.drips.service import taking_in
from portal.integrations import service as integrations
from portal.integrations.values import Event
from portal.messaging import queries as messaging
from portal.messaging.rules.linted import Verdict
from portal.messaging.rules.saved import Place, Reader
from portal.messaging.service import approving, drafts, inbound, linting, saved
from portal.messaging.service.incoming import Incoming
from portal.messaging.values import Recipient
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.people import service as people
from portal.porting import service as porting
from portal.porting.values import Checked
from portal.registrations import service as registrations
from portal.site_checks import service as site_checks
from tests import cast
from tests.factories import dossiers, proofs
from tests.factories.appeals import make_appeal
from tests.factories.billing import make_payment
from tests.factories.consent import written
from tests.factories.contacts import make_contact, upload
from tests.factories.drips import enrol, keeper_of, make_drip, text_step
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.mail import make_mail
from tests.factories.media import make_file
from tests.factories.messaging import (
    agree,
    bulk,
    make_approval,
    make_campaign,
    make_ready,
    one_to_one,
    only_text,
)
from tests.factories.numbers import make_carrier_account
from tests.factories.optin import make_published
from tests.factories.tasks import make_task
from tests.factories.transfers import make_transfer
from tests.house.listening import Ear, ids_in
from workers import messaging as jobs
from workers.sending import apply_statuses

NOBODY = UUID(int=7)
HAS_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ONE_TIME = re.compile(  # ids, and tokens of pages and forms
    HAS_ID.pattern.encode() + rb'|nonce(?:&#34;:&#34;|":"|=")[^"&]+|csrf[^>]*?value="[^"]+"'
)
SHARED = {  # nobody owns these
    "plan_id", "country_code", "token", "name", "filename", "e164", "slug", "kiosk_token", "number", "kind", "position", "step",
}  # fmt: skip
PLAIN = {"registrations.name": "business", "porting.name": "carrier", "appeals.name": "suspension", "step": "hand_in", "country_code": 52, "position": 1, "token": "x", "name": "x", "filename": "x", "e164": "+13125550142", "number": 1, "kind": "phone", "slug": "x", "kiosk_token": "x"}  # fmt: skip
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


@dataclass(frozen=True)
class Property:
    """What one brokerage owns: its ids by the name addresses give them, and its words."""

    ids: dict[str, UUID | str]
    words: tuple[str, ...] = ()

    def for_rule(self, rule) -> dict[str, object]:
        """Return these ids for an address of the portal; what has none gets one nobody has."""
        slice_ = rule.endpoint.partition(".")[0]
        found = {}
        for name in rule.arguments:
            names = (f"{rule.endpoint}.{name}", f"{slice_}.{name}", name)
            known = (of[n] for of in (self.ids, PLAIN) for n in names if of.get(n))
            found[name] = next(known, NOBODY)
        return found


def settle(account, user_id, team_id, e164, other_e164, word="Quillfeather"):
    """Give an account one of everything a person can own there, all of it with a word that tells whose."""
    actor = Actor(user_id, "Somebody", "127.0.0.1")
    sender = make_ready(account)
    contact = make_contact(account, "Zelda", word, e164, email=f"zelda@{word}.example")
    record = written(account, e164, name=f"Zelda {word}")
    csv = f"First name,Last name,Phone\nZora,{word},{other_e164}\n"
    import_ = upload(account, csv, f"{word}.csv")
    consents = upload(account, f"phone,name,method\n{other_e164},{word},paper\n", f"{word}-2.csv", ConsentHandler())  # fmt: skip
    agree(account, e164)
    campaign = make_campaign(
        account, [Recipient(contact, contact.preferred)], one_to_one(f"{word}, call me.")
    )
    message = only_text(account)
    with unit_of_work():
        inbound.receive(
            Incoming(
                account.organization_id,
                f"SM{message.id.hex}",
                e164,
                sender.e164,
                f"{word} here",
                1,
                [],
                None,
                {},
            )
        )
    with unit_of_work():
        draft = drafts.start_draft(account, [contact.id], actor=actor, body=f"{word} draft")
        kept = contacts.keep_selection(account.tenant, user_id, Selection(ids=(contact.id,)))
        contacts.tag_contacts(account.tenant, Selection(ids=(contact.id,)), f"{word}ed", actor=actor)  # fmt: skip
        contacts.add_note(account.tenant, contact.id, f"{word} note", actor=actor)
        consent.add_do_not_contact(account.organization_id, other_e164, reason=word, actor=actor)  # fmt: skip
        invited = people.invite(
            account.organization_id, f"{account.id.hex[:6]}@{word}.example", Role.AGENT, team_id, actor=actor
        )  # fmt: skip
        session = people.start_session(user_id, ip="127.0.0.1", user_agent=word)
        notifications.notify(
            organization_id=account.organization_id, account_id=account.id, user_ids=[user_id],
            kind="lead", title=f"{word} wrote", text=word, url=None, dedupe_key=str(account.id),
        )  # fmt: skip
    bundle_id = proofs.ask(account, e164)
    dossier_id = dossiers.ask(account, Wanted(f"{word} counsel", f"{word} complained"))
    link, token = proofs.share(account, record_id=record, shared_with=f"{word} counsel")
    key, _ = make_key(account, name=f"{word} CRM")
    endpoint, _ = make_endpoint(account, f"https://{word.lower()}.example.com/in")
    with unit_of_work():
        integrations.tell(account.tenant, Event.OPT_OUT, {"number": e164})
    with unit_of_work():
        check = site_checks.ask(account.tenant, f"https://{word.lower()}.example.com/", actor=actor)
        begun = registrations.begin(account.organization_id, actor=actor)
        registrations.save(
            begun.tenant, begun.id, {"legal_name": f"{word} LLC"}, edits=begun.edits, actor=actor
        )
        port_in = porting.begin(account, Checked(f"{e164[:-2]}85", "", True, ""), actor=actor)
        porting.save(
            port_in.tenant, port_in.id, {"customer_name": f"{word} LLC"}, edits=0, actor=actor
        )
    checked_page = _row("checked_pages", account_id=account.id)["id"]
    delivery = _row("webhook_deliveries", account_id=account.id)["id"]
    told = f"{word} houses sell above asking while buyers outnumber listings everywhere nearby."
    make_campaign(account, [Recipient(contact, contact.preferred)], bulk(told))
    jobs.sort_texts()
    with unit_of_work():
        approval = approving.approve_template(
            account.organization_id, name=f"{word} news", body=f"{told} Shall I visit {word}?",
            justification=f"Every agent of {word} writes to clients of their own", actor=actor,
        )  # fmt: skip
    with unit_of_work():
        hold = consent.place_hold(
            account.tenant, e164, words=f"{word} said no more", sid=f"SM{message.id.hex}",
            said_at=utcnow(), lapses_at=utcnow() + timedelta(days=14), actor=actor,
        )  # fmt: skip
    with unit_of_work():
        asked = linting.ask(
            account, f"{word} loans", Verdict((Finding("forbidden", "block", word, "No"),)), actor=actor
        )  # fmt: skip
    with unit_of_work():
        reply_id = saved.keep(
            account, Reader(account.organization_id, user_id, ()), Place(user_id=user_id),
            name=f"{word} greets", body=f"{word} says hello", actor=actor,
        )  # fmt: skip
    case, shown = make_appeal(account, f"{word} asks to be let on", actor)
    task_id = make_task(
        account, f"Call {word}", note=f"{word} note", contact_id=contact.id, actor=actor
    )
    drip = make_drip(
        account, [text_step(body=f"{word}: hi {{first_name|there}}. Reply STOP to end.")],
        f"{word} plan", by=keeper_of(account, user_id),
    )  # fmt: skip
    enrol(account, drip, Recipient(contact, contact.preferred))
    with unit_of_work():
        intake_id = taking_in.begin(account, drip.id, Selection(ids=(contact.id,)), actor=actor)
    talk = messaging.conversation(account.tenant, e164)
    notice = _row("notices", user_id=user_id)["id"]
    make_mail(f"{word} asks", to=f"zelda@{word.lower()}.example", user_id=user_id)
    mail = _row("outgoing_mails", user_id=user_id)["id"]
    payment_id = make_payment(account, f"{word} plan")
    return Property(
        {
            "account_id": account.id, "organization_id": account.organization_id,
            "contact_id": contact.id, "number_id": contact.preferred.id, "record_id": record,
            "review_id": asked, "approval_id": approval, "reply_id": reply_id, "task_id": task_id, "drip_id": drip.id, "intake_id": intake_id, "enrolment_id": _row("drip_enrolments", account_id=account.id)["id"],
            "group_id": _row("text_groups", organization_id=account.organization_id)["id"],
            "asked_id": make_approval(account, [Recipient(contact, contact.preferred)], f"{word} sale", actor),
            "import_id": import_.id, "consent.import_id": consents.id, "campaign_id": campaign.id,
            "message_id": message.id, "conversation_id": talk.id, "draft_id": draft,
            "selection_id": kept, "sender_id": sender.id, "user_id": user_id, "team_id": team_id,
            "invitation_id": invited.id, "session_id": session.id, "notice_id": notice, "mail_id": mail,
            "bundle_id": bundle_id, "dossier_id": dossier_id, "link_id": link.id, "proofs.token": token,
            "key_id": key.id, "endpoint_id": endpoint.id, "delivery_id": delivery,
            "form_id": make_published(account, name=f"{word} form").id,
            "file_id": make_file(account, name=f"{word}.png").id,
            "check_id": check, "page_id": checked_page,
            "registration_id": begun.id, "hold_id": hold, "port_in_id": port_in.id,
            "case_id": case.id, "attachment_id": shown.id,
            "transfer_id": make_transfer(account, e164=f"{other_e164[:-1]}9").id,
            "token": invited.token,
            "plan_id": billing.subscription(account.id).plan.id,
            "payment_id": payment_id,
            "invoice_id": billing.invoices(account.tenant)[0].id,
        },
        (word.lower(), e164.removeprefix("+1"), other_e164.removeprefix("+1")),
    )  # fmt: skip


def _row(table, **where):
    query = select(Base.metadata.tables[table]).filter_by(**where)
    return db.session.execute(query).mappings().first()


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
        found[table] = repr(_row(table, id=key))
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
    return settle(lakeview, cast.MALLORY, cast.LAKEVIEW_TEAM, "+14155550171", "+14155550172")


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


def _breaks_in(person, account, user_id, theirs):
    own = settle(account, user_id, cast.NORTHSIDE_TEAM, "+13125550171", "+13125550172", "Ownword")
    before = everything_of(cast.LAKEVIEW_HOMES, cast.MALLORY)
    scopes = {cast.JUNIPER.hex, account.id.hex, user_id.hex}
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


def test_an_id_of_lakeviews_in_an_address_is_as_good_as_missing(burglar):
    """In any place of any address, with the form that would do something and without.

    Addresses of the API ask for a key, whose ids are tried in tests/integrations.
    """
    forms, wrong = burglar.forms(), []
    by_endpoint = {endpoint_of(burglar, action): data for action, data in forms.items()}
    for rule in burglar.person.app.url_map.iter_rules():
        view = burglar.person.app.view_functions[rule.endpoint]
        if isinstance(getattr(view, "access", None), Scope):
            continue
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
                    if complaint := _differ(rule, *answers):
                        wrong.append(f"{method} {rule.rule} with their {name}: {complaint}")
    assert not wrong, "\n".join(wrong)


def endpoint_of(burglar, action):
    return burglar.person.app.url_map.bind("localhost").match(action, "POST")[0]


def _differ(rule, theirs, missing):
    """Say how the answer for a stranger's id is not the one for no id at all."""
    if theirs.status_code != missing.status_code:
        return f"{theirs.status_code}, but {missing.status_code} for one that is missing"
    if theirs.status_code not in {403, 404}:
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
    theirs = {kind: str(id_) for kind, id_ in alices.theirs.ids.items()}
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
