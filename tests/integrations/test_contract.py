"""The API answers as its document says: every status, every shape, every bad request by name."""

import io
import json
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from portal.core.access import Scope
from portal.integrations.api import document
from portal.integrations.api.events import EVENTS
from portal.integrations.api.operations import OPERATIONS, PREFIX
from portal.integrations.rules import shapes
from portal.integrations.rules.shapes import Fault
from tests.factories.integrations import Program, make_key, read
from tests.integrations.conftest import CAROL

MESSAGE = {"to": CAROL, "body": "The house on Elm Street is open at 2."}
CONTACT = {"first_name": "Dan", "email": "dan@example.com", "consent_source": "none_yet"}
CONSENT = {"phone": CAROL, "given_at": "2026-03-02T17:00:00Z"}
NOBODY = UUID(int=7)
ADDRESSES = {
    "send_message": ("POST", "/messages", MESSAGE),
    "message": ("GET", f"/messages/{NOBODY}", None),
    "may_text": ("GET", f"/numbers/{CAROL}/may-text", None),
    "add_contact": ("POST", "/contacts", CONTACT),
    "record_consent": ("POST", "/consents", CONSENT),
    "consents": ("GET", f"/consents?phone=%2B{CAROL[1:]}", None),
}


def ask(program, name, **sent):
    method, path, body = ADDRESSES[name]
    return program.ask(method, PREFIX + path, json_body=body, **sent)


def fields(said):
    return [fault["field"] for fault in said.get("fields", [])]


class TestDocument:
    def test_every_route_of_the_api_is_in_it_and_nothing_else(self, app):
        served = {
            (method, rule.rule.replace("<uuid:", "{").replace("<string:", "{").replace(">", "}"))
            for rule in app.url_map.iter_rules()
            if rule.rule.startswith(PREFIX) and rule.endpoint != "api.openapi"
            for method in rule.methods - {"HEAD", "OPTIONS"}
        }
        described = {
            (method.upper(), path)
            for path, methods in document()["paths"].items()
            for method in methods
        }
        assert served == described
        assert len(served) == len(ADDRESSES) == len(OPERATIONS)

    def test_its_references_lead_somewhere_and_its_examples_have_their_shape(self, app):
        whole = document()
        schemas = whole["components"]["schemas"]
        text = json.dumps(whole)
        for name in {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}:
            assert name in schemas
        for declared in OPERATIONS:
            if declared.request is not None:
                assert list(declared.request.faults(declared.example)) == []
            for returned in declared.returns:
                assert list(returned.shape.faults(dict(returned.example))) == [], returned
        for event in EVENTS:
            assert list(event.data.faults(dict(event.example))) == []
        for path in whole["paths"].values():
            for operation in path.values():
                assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys()
        assert whole["webhooks"].keys() == {
            "message.received",
            "opt_out",
            "consent",
            "suspension",
            "test",
        }

    def test_it_is_open_to_all_and_says_where_the_portal_is(self, app):
        answer = Program(app).get("/openapi.json")
        assert answer.status_code == 200
        assert answer.json["openapi"] == "3.1.0"
        assert answer.json["servers"] == [{"url": "http://localhost"}]


class TestKeys:
    def test_no_key_opens_nothing(self, app):
        for header in (None, "Bearer", "Bearer ", "Basic Y2RrOng=", "Bearer x", "cdk", "\xff"):
            for name in ADDRESSES:
                headers = {"Authorization": header} if header else {}
                answer = ask(Program(app), name, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                read(answer)

    def test_a_signed_in_person_is_nobody_here(self, alice, app, northside):
        answer = alice.client.get(f"{PREFIX}/numbers/{CAROL}/may-text")
        assert answer.status_code == 401
        assert alice.client.post(f"{PREFIX}/messages", json=MESSAGE).status_code == 401

    def test_a_wrong_last_sign_or_another_prefix_opens_nothing(self, app, northside):
        key, token = make_key(northside)
        other = make_key(northside)[0].prefix
        turned = token[:-1] + ("A" if token[-1] != "A" else "B")
        for wrong in (turned, token.replace(key.prefix, other), token[:-1], token + "A"):
            assert ask(Program(app, wrong), "may_text").status_code == 401
        assert ask(Program(app, token), "may_text").status_code == 200

    def test_a_key_does_what_its_scope_says_and_nothing_else(self, app, northside):
        programs = {scope: Program(app, make_key(northside, scope)[1]) for scope in Scope}
        for scope, declared in product(Scope, OPERATIONS):
            program = programs[scope]
            answer = ask(program, declared.name)
            said = read(answer)
            assert (answer.status_code == 403) == (declared.scope is not scope)
            if answer.status_code == 403:
                assert declared.scope in said["detail"]
                assert declared.scope in answer.headers["WWW-Authenticate"]

    def test_a_key_that_asks_too_often_is_told_when_to_ask_again(self, app, northside, monkeypatch):
        monkeypatch.setattr("portal.integrations.service.pace.PER_MINUTE", 3)
        program, other = (Program(app, make_key(northside)[1]) for _ in range(2))
        found = [ask(program, "may_text").status_code for _ in range(4)]
        assert found == [200, 200, 200, 429]
        answer = ask(program, "may_text")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        read(answer)
        assert ask(other, "may_text").status_code == 200

    def test_a_new_minute_is_a_new_count(self, app, northside, monkeypatch, clock):
        monkeypatch.setattr("portal.integrations.service.pace.PER_MINUTE", 1)
        program = Program(app, make_key(northside)[1])
        ask(program, "may_text")
        assert ask(program, "may_text").status_code == 429
        clock.travel(by=timedelta(seconds=61))
        assert ask(program, "may_text").status_code == 200


LONG = "x" * 70_000
BODIES = [  # bad JSON, status, the field named
    (b"", 400, "body"),
    (b"{", 400, "body"),
    (b"[]", 400, "body"),
    (b"null", 400, "body"),
    (b"1e999", 400, "body"),
    (b'"to"', 400, "body"),
    (b'{"to": NaN}', 400, "body"),
    (b'{"to": 1, "to": 2}', 400, "body"),
    (b"[" * 60_000, 400, "body"),
    (b"\xff\xfe{}", 400, "body"),
    (b'{"to": ' + b"9" * 6_000 + b"}", 400, "body"),
    (json.dumps({"body": LONG}).encode(), 413, None),
]
MESSAGES = [  # what is changed in a good body, the field named
    ({"to": None}, "to"),
    ({"to": 13125550142}, "to"),
    ({"to": "(312) 555-0142"}, "to"),
    ({"to": "13125550142"}, "to"),
    ({"to": "+1 312 555 0142"}, "to"),
    ({"to": "+13125550142\n"}, "to"),
    ({"to": "+1312555014299999"}, "to"),
    ({"to": "+\u0663\u0661\u0662\u0665\u0665\u0665\u0660\u0661"}, "to"),
    ({"to": ["+13125550142"]}, "to"),
    ({"body": ""}, "body"),
    ({"body": 5}, "body"),
    ({"body": None}, "body"),
    ({"body": "x" * 8_001}, "body"),
    ({"body": "a\0b"}, "body"),
    ({"body": "\ud83c"}, "body"),
    ({"body": "Hello {first_nme}"}, "body"),
    ({"body": "Hello {"}, "body"),
    ({"kind": "bulk"}, "kind"),
    ({"kind": True}, "kind"),
    ({"kind": None}, "kind"),
    ({"from": "+13125550160"}, "from"),
    ({"account_id": str(NOBODY)}, "account_id"),
    ({"x" * 5_000: 1}, "x" * 60),
]
CONTACTS = [
    ({"first_name": 1}, 400, "first_name"),
    ({"first_name": "x" * 101}, 400, "first_name"),
    ({"email": "not an address"}, 422, "email"),
    ({"numbers": "+13125550142"}, 400, "numbers"),
    ({"numbers": [{}]}, 400, "numbers/0/number"),
    ({"numbers": [{"number": "55"}]}, 422, "numbers/0/number"),
    ({"numbers": [{"number": "3125550142"}, {"number": "55"}]}, 422, "numbers/1/number"),
    ({"numbers": [{"number": "3125550142", "is_preferred": "yes"}]}, 400, "numbers/0/is_preferred"),
    ({"numbers": [{"number": "3125550142", "kind": "x"}]}, 400, "numbers/0/kind"),
    ({"numbers": [{"number": "3125550142"}] * 11}, 400, "numbers"),
    ({"tags": ["x" * 51]}, 400, "tags/0"),
    ({"tags": [""]}, 400, "tags/0"),
    ({"tags": {}}, 400, "tags"),
    ({"language": "fr"}, 400, "language"),
    ({"known_since": "3/2/2026"}, 400, "known_since"),
    ({"known_since": "2026-02-30"}, 400, "known_since"),
    ({"consent_source": "rented"}, 400, "consent_source"),
    ({"consent_source": "bought_list"}, 422, "consent_source"),
    ({"consent_source": "third_party"}, 422, "consent_source"),
    ({"email": ""}, 422, "numbers"),
    ({"organization_id": str(NOBODY)}, 400, "organization_id"),
    ({"id": str(NOBODY)}, 400, "id"),
]


class Cut(io.BytesIO):
    """A body as a server gives it that ends a read where it likes."""

    def read(self, size=-1):
        return super().read(min(size, 1_000) if size >= 0 else 1_000)


class TestBadRequests:
    def test_what_is_no_json_is_refused_in_words(self, program):
        json_type = {"Content-Type": "application/json"}
        for path, (data, status, name) in product(("/messages", "/contacts"), BODIES):
            answer = program.ask("POST", PREFIX + path, data=data, headers=json_type)
            assert answer.status_code == status
            said = read(answer)
            assert name is None or name in fields(said)

    def test_another_content_type_is_refused(self, program):
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "text/json", "\xff"):
            headers = {"Content-Type": kind} if kind else {}
            answer = program.ask("POST", f"{PREFIX}/messages", data=b"{}", headers=headers)
            assert answer.status_code == 415
            assert fields(read(answer)) == ["Content-Type"]

    @pytest.mark.parametrize("stream", [io.BytesIO, Cut])
    def test_a_body_that_does_not_say_how_long_it_is_is_bounded_too(self, program, stream):
        answer = program.ask(
            "POST",
            f"{PREFIX}/messages",
            input_stream=stream(json.dumps(MESSAGE).encode() + b" " * 70_000),
            environ_overrides={"wsgi.input_terminated": True},
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 413
        read(answer)

    def test_a_bad_message_names_its_field(self, program, carol):
        for change, name in MESSAGES:
            answer = program.post("/messages", {**MESSAGE, **change})
            assert (answer.status_code, fields(read(answer))) == (400, [name]), change

    def test_a_bad_contact_names_its_field(self, program):
        for change, status, name in CONTACTS:
            answer = program.post("/contacts", {**CONTACT, **change})
            assert (answer.status_code, fields(read(answer))) == (status, [name]), change

    def test_all_that_is_wrong_is_told_at_once(self, program):
        answer = program.post("/messages?x=1", {"kind": 1, "extra": 2}, key="")
        assert answer.status_code == 400
        assert set(fields(read(answer))) == {"x", "Idempotency-Key", "extra", "to", "body", "kind"}

    def test_of_a_million_faults_the_first_fifty_are_told_and_the_rest_is_not_looked_at(
        self, program, monkeypatch
    ):
        """A body of megabytes took 20 s and 300 MB: each fault named every field there is."""
        looked_at = []

        class Counted(Fault):
            def __init__(self, *said):
                looked_at.append(said)
                super().__init__(*said)

        monkeypatch.setattr(shapes, "Fault", Counted)
        said = read(program.post("/consents", {f"f{n}": 0 for n in range(200_000)}))
        assert [said["fields"][n]["field"] for n in (0, 49)] == ["f0", "f49"]
        assert len(said["fields"]) == 50
        assert "the first 50 are named" in said["detail"]
        assert len(looked_at) == 51

    def test_a_post_needs_an_idempotency_key(self, program):
        for key in ("", "two words", "\xe9", "x" * 129, "a\tb"):
            for path, body in (("/messages", MESSAGE), ("/contacts", CONTACT)):
                headers = {"Idempotency-Key": key} if key else {}
                answer = program.post(path, body, key="", headers=headers)
                assert answer.status_code == 400
                assert fields(read(answer)) == ["Idempotency-Key"]

    def test_two_idempotency_keys_are_none(self, program):
        """The server joins the lines of a header with a comma: no one of them was meant."""
        answer = program.post("/messages", MESSAGE, key="one,two")
        assert (answer.status_code, fields(read(answer))) == (400, ["Idempotency-Key"])
        assert "Send it once." in read(answer)["detail"]

    def test_a_query_nobody_knows_is_refused(self, program):
        for query, name in (
            ("kind=bulk", "kind"),
            ("kind=", "kind"),
            ("x=1", "x"),
            ("kind=marketing&kind=x", "kind"),
        ):
            answer = program.get(f"/numbers/{CAROL}/may-text?{query}")
            assert answer.status_code == 400
            assert fields(read(answer)) == [name]

    def test_a_number_in_the_address_is_e164(self, program):
        for number in ("3125550142", "+1", "x", "%2B1%01", "+1312555014299999"):
            answer = program.get(f"/numbers/{number}/may-text")
            assert answer.status_code == 400
            assert fields(read(answer)) == ["e164"]

    def test_what_is_not_there_is_a_problem_too(self, program):
        for method, path, status in (
            ("GET", "/nothing", 404),
            ("GET", "/messages/not-an-id", 404),
            ("GET", "/numbers/%2B1%00/may-text", 404),
            ("GET", f"/messages/{NOBODY}", 404),
            ("GET", "/messages", 405),
            ("DELETE", "/contacts", 405),
            ("PUT", f"/messages/{NOBODY}", 405),
            ("POST", f"/numbers/{CAROL}/may-text", 405),
        ):
            answer = program.ask(method, PREFIX + path)
            assert answer.status_code == status
            read(answer)
            assert status != 405 or "Allow" in answer.headers

    def test_a_bug_tells_nothing_but_its_number(self, app, program, monkeypatch):
        def broken(*_args):
            raise ValueError("the secret of the house")

        monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
        monkeypatch.setattr("portal.messaging.service.asking.shut_gates", broken)
        answer = program.get(f"/numbers/{CAROL}/may-text")
        assert answer.status_code == 500
        assert "secret" not in json.dumps(read(answer))

    def test_a_database_that_is_away_is_told_as_that(self, program, monkeypatch):
        def away(*_args):
            raise OperationalError("SELECT", {}, Exception("gone"))

        monkeypatch.setattr("portal.messaging.service.asking.shut_gates", away)
        answer = program.get(f"/numbers/{CAROL}/may-text")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        read(answer)
