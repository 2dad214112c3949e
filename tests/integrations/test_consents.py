"""Consent by API: everything a carrier asks for is kept, once, and no more is allowed than was agreed."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from portal.consent import queries, rules
from portal.consent.models import ConsentRecord
from portal.consent.service import end_consent, evidence, opt_in, record_inquiry
from portal.consent.values import Checkbox, Event, Method, Strength
from portal.contacts import queries as contacts
from portal.core import audit
from portal.core.db import db, unit_of_work
from portal.integrations.api.events import CONSENT
from portal.integrations.service.answers import forget_old
from portal.integrations.values import Event as Told
from portal.messaging.service import optouts
from portal.proofs.queries.stories import places
from tests.factories.files import pdf, picture
from tests.factories.integrations import Program, make_endpoint, make_key, read
from tests.factories.messaging import ALICE_ACTS
from tests.integrations.conftest import CAROL
from workers import integrations as worker

DISCLOSURE = "I agree to get  texts from Juniper Realty.\nReply STOP to end. "
AGREED = {
    "phone": "(312) 555-0142",
    "given_at": "2026-03-02T17:59:58Z",
    "name": "Carol Diaz",
    "email": "carol@example.com",
    "postal_address": "44 Briar St, Chicago, IL 60614",
    "ip_address": "203.0.113.9",
    "user_agent": "Mozilla/5.0 (iPhone)",
    "source_url": "https://www.example.com/open-house?ref=7",
    "disclosure_text": DISCLOSURE,
    "checkbox": "checked",
    "form_name": "Open house sign-up",
    "form_version": "7",
    "kinds": ["marketing", "one_to_one"],
    "page_html": "<!doctype html><title>Open house</title>",
}


def told_to(hook, posted):
    """Have what waits posted, and return each event with its data."""
    worker.deliver_webhooks(str(hook.id))
    bodies = [json.loads(body) for _url, _headers, body in posted.posted]
    return [(body["type"], body["data"]) for body in bodies]


def records(account):
    db.session.rollback()
    return queries.records(account.tenant, CAROL)


def file(content, name="page.png"):
    return {"file_name": name, "content_base64": base64.b64encode(content).decode()}


def without(*names):
    return {name: value for name, value in AGREED.items() if name not in names}


class TestRecording:
    def test_all_that_was_sent_is_kept_word_for_word(self, program, northside, clock):
        answer = program.post("/consents", AGREED)
        said, [record] = read(answer), records(northside)
        assert answer.status_code == 201
        assert (record.name, record.email, record.postal_address, record.e164) == (
            "Carol Diaz", "carol@example.com", "44 Briar St, Chicago, IL 60614", CAROL,
        )  # fmt: skip
        assert record.given_at.isoformat() == "2026-03-02T17:59:58+00:00"
        assert record.recorded_at >= clock.now - timedelta(minutes=1)
        assert (record.ip_address, record.source_url) == (
            "203.0.113.9", "https://www.example.com/open-house?ref=7",
        )  # fmt: skip
        assert (record.disclosure_text, record.checkbox) == (DISCLOSURE, Checkbox.CHECKED)
        assert (record.form_name, record.form_version) == ("Open house sign-up", "7")
        assert record.user_agent == "Mozilla/5.0 (iPhone)"
        assert record.collected_by.startswith("API key CRM")
        assert evidence.content_of(record.evidence) == AGREED["page_html"].encode()
        assert (record.method, record.strength) == (Method.API, Strength.EXPRESS_WRITTEN)
        assert rules.completeness(record).missing == () == tuple(said["missing"])
        assert (said["id"], said["sha256"]) == (str(record.id), record.sha256)
        assert said["stands"]["marketing"] == {"allowed": True, "code": "ok", "sentence": ""}
        assert places(northside.tenant, [record])[record.id].is_intact
        assert audit.verify(northside.organization_id)[1] is None

    @pytest.mark.parametrize(
        ("body", "event", "strength", "marketing"),
        [
            (AGREED, "given", "express_written", True),
            (without("disclosure_text"), "given", "express", False),
            (AGREED | {"disclosure_text": " \n"}, "given", "express", False),
            (without("checkbox"), "given", "express", False),
            (AGREED | {"checkbox": "not_recorded"}, "given", "express", False),
            (AGREED | {"checkbox": "unchecked"}, "not_valid", "none", False),
            (AGREED | {"kinds": ["one_to_one"]}, "given", "express_written", False),
            (without("page_html") | {"method": "paper"}, "given", "express", False),
            (AGREED | {"method": "verbal"}, "given", "express", False),
            (AGREED | {"method": "paper"}, "given", "express", False),  # a page is no scan
            (AGREED | {"method": "purchased_list"}, "not_valid", "none", False),
            (AGREED | {"method": "public_records"}, "not_valid", "none", False),
            (AGREED | {"method": "third_party"}, "not_valid", "none", False),
        ],
    )
    def test_no_more_is_allowed_than_was_agreed(self, program, body, event, strength, marketing):
        """C-7, C-8: written takes disclosure and checked box; what is bought or lent gives nothing."""
        said = read(program.post("/consents", body))
        assert (said["event"], said["strength"]) == (event, strength)
        assert said["stands"]["marketing"]["allowed"] is marketing
        assert said["stands"]["one_to_one"]["allowed"] is (event == "given")
        assert bool(said["reason"]) is (event == "not_valid")

    def test_a_paper_with_its_scan_is_express_written(self, program, northside):
        body = without("page_html", "checkbox") | {"method": "paper", "evidence": file(pdf(), "a")}
        said, [record] = read(program.post("/consents", body)), records(northside)
        assert said["strength"] == "express_written"
        assert record.evidence.media_type == "application/pdf"
        assert evidence.content_of(record.evidence) == pdf()

    def test_the_person_is_added_where_that_is_asked(self, program, northside):
        person = {"first_name": "Carol", "last_name": "Diaz", "tags": ["open house"]}
        said = read(program.post("/consents", AGREED | {"contact": person}))
        known = contacts.by_numbers(northside.tenant, [CAROL])[CAROL]
        assert (said["contact_id"], known.full_name) == (str(known.id), "Carol Diaz")
        assert read(program.post("/consents", AGREED | {"contact": {}}))["contact_id"] == str(
            known.id
        )

    def test_nobody_is_added_where_it_is_not_asked(self, program, northside):
        assert read(program.post("/consents", AGREED))["contact_id"] is None
        assert contacts.by_numbers(northside.tenant, [CAROL]) == {}

    def test_after_an_opt_out_it_is_kept_and_opens_nothing(self, program, northside, clock):
        """Q-2: what a program says is not the person's own act."""
        with unit_of_work():
            optouts.opt_out(northside.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        clock.travel(by=timedelta(hours=2))
        later = {"given_at": f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"}
        said = read(program.post("/consents", AGREED | later))
        assert said["event"] == "given"
        assert said["stands"]["one_to_one"]["code"] == "opted_out"

    @pytest.mark.parametrize(("ahead_s", "status"), [(1, 201), (299, 201), (301, 422)])
    def test_a_clock_that_is_a_little_fast_is_no_future(
        self, program, northside, clock, ahead_s, status
    ):
        clock.hold()
        written = f"{clock.now + timedelta(seconds=ahead_s):%Y-%m-%dT%H:%M:%SZ}"
        answer = program.post("/consents", AGREED | {"given_at": written}, key="lead-1")
        assert answer.status_code == status
        kept = records(northside)
        assert [record.given_as_written for record in kept] == [written] * (status == 201)
        assert all(record.given_at <= record.recorded_at for record in kept)
        if kept:
            clock.travel(by=timedelta(days=8))  # the kept answer is forgotten
            with unit_of_work():
                forget_old()
            again = program.post("/consents", AGREED | {"given_at": written}, key="lead-1")
            assert read(again)["id"] == str(kept[0].id)

    def test_a_record_of_the_year_1_is_shown(self, program, alice, northside):
        """What came before such years were refused can't be changed: its pages open all the same."""
        said = read(program.post("/consents", AGREED | {"contact": {}}))
        db.session.execute(update(ConsentRecord).values(given_at=datetime(1, 1, 1, tzinfo=UTC)))
        db.session.commit()
        person = {"account_id": northside.id, "contact_id": said["contact_id"]}
        assert "1 Jan 1" in alice.get("messaging.contact", **person).text
        assert "1 Jan 1" in alice.get("consent.index", account_id=northside.id).text


class TestOnce:
    def test_the_same_request_again_gets_the_same_answer(self, program, northside):
        first = program.post("/consents", AGREED, key="lead-1")
        again = program.post("/consents", AGREED, key="lead-1")
        assert (again.status_code, again.data) == (201, first.data)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert len(records(northside)) == 1

    def test_a_key_used_for_another_consent_is_refused(self, program, northside, clock):
        before = set(evidence.path_of("").glob("*"))
        program.post("/consents", AGREED, key="lead-1")
        other = AGREED | {"phone": "+13125550143"}
        assert program.post("/consents", other, key="lead-1").status_code == 409
        clock.travel(by=timedelta(days=8))  # the kept answer is forgotten, the record is not
        with unit_of_work():
            forget_old()
        assert program.post("/consents", other, key="lead-1").status_code == 409
        assert program.post("/consents", AGREED, key="lead-1").status_code == 201
        [record] = records(northside)
        kept = [path.name for path in set(evidence.path_of("").glob("*")) - before]
        assert kept == [record.evidence.name], "a page that is nobody's evidence is not kept"

    def test_eight_at_once_record_once(self, app, program, northside):
        def ask(_place):
            with app.app_context():
                answer = program.post("/consents", AGREED, key="lead-1")
                db.session.remove()
                return answer.status_code, answer.data

        with ThreadPoolExecutor(8) as threads:
            found = set(threads.map(ask, range(8)))
        assert len(found) == 1
        assert next(iter(found))[0] == 201
        assert len(records(northside)) == 1


BAD = [
    ({"phone": "55"}, 422, "phone"),
    ({"phone": 5}, 400, "phone"),
    ({"given_at": "yesterday"}, 400, "given_at"),
    ({"given_at": "2026-02-30T10:00:00Z"}, 422, "given_at"),
    ({"given_at": "2126-03-02T18:00:00Z"}, 422, "given_at"),
    ({"given_at": "0001-01-01T00:00:00Z"}, 422, "given_at"),  # nothing, as .NET and Go write it
    ({"given_at": "1989-12-31T23:59:59Z"}, 422, "given_at"),
    ({"ip_address": "300.1.1.1"}, 422, "ip_address"),
    ({"email": "nobody"}, 422, "email"),
    ({"checkbox": True}, 400, "checkbox"),
    ({"kinds": []}, 400, "kinds"),
    ({"kinds": ["everything"]}, 400, "kinds/0"),
    ({"method": "agent_stated"}, 400, "method"),
    ({"strength": "express_written"}, 400, "strength"),
    ({"recorded_at": "2020-03-02T18:00:00Z"}, 400, "recorded_at"),
    ({"account_id": "5"}, 400, "account_id"),
    ({"disclosure_text": "x" * 20_001}, 400, "disclosure_text"),
    ({"page_html": "x" * 500_001}, 400, "page_html"),
    ({"page_html": "a\0b"}, 400, "page_html"),
    ({"evidence": file(pdf())}, 422, "evidence"),
    ({"method": "purchased_list", "contact": {}}, 422, "contact"),
    ({"contact": {"role": "admin"}}, 400, "contact/role"),
]
HOSTILE = [
    (b"<svg onload=alert(1)>", "drawing or a web page"),
    (b"GIF89a" + b"\0" * 20, "not taken"),
    (picture()[:60], "damaged"),
    (b"\0\0\0\x18ftypheic" + b"\0" * 20, "HEIC"),
    (picture() + b"\0" * 5_000_000, "larger than 5 MB"),
]


class TestBadRequests:
    def test_what_is_wrong_is_named_by_its_field_and_nothing_is_kept(self, program, northside):
        for change, status, name in BAD:
            answer = program.post("/consents", AGREED | change)
            said = read(answer)
            named = [fault["field"] for fault in said["fields"]]
            assert (answer.status_code, named) == (status, [name]), change
        assert records(northside) == []

    @pytest.mark.parametrize(("content", "words"), HOSTILE)
    def test_a_hostile_file_is_refused_in_words(self, program, northside, content, words):
        answer = program.post("/consents", without("page_html") | {"evidence": file(content)})
        said = read(answer)
        assert answer.status_code in {400, 422}
        assert words in said["detail"] or "characters" in said["detail"]
        assert records(northside) == []

    def test_what_is_no_base64_is_refused(self, program):
        bad = {"file_name": "a.png", "content_base64": "%%%%"}
        answer = program.post("/consents", without("page_html") | {"evidence": bad})
        assert [f["field"] for f in read(answer)["fields"]] == ["evidence/content_base64"]

    def test_a_body_over_its_limit_is_refused(self, program):
        assert program.post("/consents", AGREED | {"name": "x" * 8_000_000}).status_code == 413

    def test_a_refused_request_leaves_no_file(self, program, northside):
        person = {"first_name": "Carol"}
        landline = AGREED | {"phone": "+13125550142", "contact": person, "given_at": "2126-01-01T00:00:00Z"}  # fmt: skip
        before = set(evidence.path_of("").glob("*"))
        assert program.post("/consents", landline).status_code == 422
        assert set(evidence.path_of("").glob("*")) == before


class TestReading:
    def ask(self, program, phone=CAROL):
        return program.get(f"/consents?phone=%2B{phone[1:]}")

    def test_a_number_nobody_knows_allows_nothing(self, program):
        said = read(self.ask(program))
        assert said["history"] == []
        assert said["stands"]["one_to_one"]["code"] == "consent_missing"

    def test_the_history_and_what_stands_are_told(self, program, northside, clock):
        first = read(program.post("/consents", AGREED))
        clock.travel(by=timedelta(minutes=5))
        with unit_of_work():
            optouts.opt_out(northside.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        said = read(self.ask(program))
        assert [entry["event"] for entry in said["history"]] == ["opted_out", "given"]
        assert said["history"][1]["sha256"] == first["sha256"]
        assert said["stands"]["opted_out_at"]
        assert said["stands"]["marketing"]["code"] == "opted_out"

    def test_another_account_is_told_nothing(self, app, program, bobs):
        program.post("/consents", AGREED)
        assert read(self.ask(Program(app, make_key(bobs)[1])))["history"] == []

    @pytest.mark.parametrize(
        "query", ["", "?phone=", "?phone=3125550142", "?number=%2B13125550142"]
    )
    def test_a_query_without_a_number_is_refused_by_name(self, program, query):
        answer = program.get(f"/consents{query}")
        assert answer.status_code == 400
        assert read(answer)["fields"]


class TestWebhook:
    @pytest.fixture
    def hook(self, northside):
        return make_endpoint(northside, events=(Told.CONSENT,))[0]

    def test_consent_given_ended_and_given_again_is_told(
        self, program, northside, hook, posted, clock
    ):
        program.post("/consents", AGREED)
        with unit_of_work():
            end_consent(northside.tenant, CAROL, reason="changed hands", actor=ALICE_ACTS)
        clock.travel(by=timedelta(minutes=5))
        with unit_of_work():
            optouts.opt_out(northside.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        clock.travel(by=timedelta(minutes=5))
        for _twice in range(2):  # who is in already is no news
            with unit_of_work():
                opt_in(northside.tenant, CAROL, at=clock.now, source="keyword", actor=ALICE_ACTS)
        told = sorted(told_to(hook, posted), key=lambda one: one[1]["happened_at"])
        for _name, data in told:
            assert list(CONSENT.data.faults(data)) == []
        assert [(name, data["event"]) for name, data in told] == [
            ("consent", "given"), ("consent", "ended"), ("consent", "opted_in"),
        ]  # fmt: skip
        assert told[0][1]["kinds"] == ["one_to_one", "marketing"]
        assert told[0][1]["form_version"] == "7"

    def test_a_text_and_what_is_no_consent_are_not_told_as_consent(
        self, program, northside, hook, posted, clock
    ):
        program.post("/consents", AGREED | {"checkbox": "unchecked"})
        with unit_of_work():
            record_inquiry(northside.tenant, CAROL, clock.now, "SM1")
        assert told_to(hook, posted) == []
        assert {r.event for r in records(northside)} == {Event.NOT_VALID, Event.GIVEN}
