"""Texts by API: the same gates as by hand, one effect for each key, nobody else's rows."""

import threading
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import update

from portal.billing import queries as billing
from portal.consent.values import Method
from portal.contacts import queries as contacts
from portal.core.access import Scope
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.integrations import queries
from portal.integrations.service import answers, keys
from portal.messaging.models import Campaign, Message
from portal.messaging.service import optouts
from portal.messaging.values import State
from portal.texting_accounts import service as accounts
from tests.factories.integrations import Program, make_key, read
from tests.factories.messaging import ALICE_ACTS, make_recipient, only_text, texts
from tests.integrations.conftest import CAROL
from tests.integrations.test_contract import MESSAGE

DAVE = "+13125550143"


def codes(said):
    return [gate["code"] for gate in said["gates"]]


class TestSending:
    def test_a_text_is_queued_as_by_hand(self, program, ready, carol):
        answer = program.post("/messages", MESSAGE)
        said = read(answer)
        assert answer.status_code == 202
        text = only_text(ready)
        assert said == {
            "id": str(text.id), "verdict": "go", "held_until": None, "gate": None, "to": CAROL,
            "kind": "one_to_one", "parts": 1, "segments": 1, "credits": 1,
        }  # fmt: skip
        assert (text.state, text.body) == (State.QUEUED, MESSAGE["body"])
        assert text.consent_record_id is not None
        assert billing.balance(ready.id).reserved == 1

    def test_the_key_stands_in_the_audit_log_as_who_did_it(self, app, ready, carol):
        key, token = make_key(ready, name="Office CRM")
        Program(app, token).post("/messages", MESSAGE)
        entry = db.session.query(AuditEntry).filter_by(event="messaging:campaign:confirm").one()
        assert (entry.actor_id, entry.actor_label) == (
            key.id,
            f"API key Office CRM ({key.prefix})",
        )
        assert entry.origin == "127.0.0.1"
        assert only_text(ready).created_by == key.id

    def test_what_stops_it_is_named_with_a_fix_and_leaves_nothing_behind(self, program, ready):
        answer = program.post("/messages", MESSAGE)
        said = read(answer)
        assert (answer.status_code, codes(said)) == (422, ["consent_missing"])
        assert said["detail"] == said["gates"][0]["sentence"]
        assert said["gates"][0]["fix"]["url"].startswith("http://localhost/accounts/")
        assert texts(ready) == []
        assert contacts.by_numbers(ready.tenant, [CAROL]) == {}  # no lead for a text that can't go
        assert billing.balance(ready.id).reserved == 0

    def test_marketing_needs_consent_that_names_it(self, program, ready):
        make_recipient(ready, DAVE, method=Method.VERBAL)
        body = {"to": DAVE, "body": "New listings.", "kind": "marketing"}
        assert codes(read(program.post("/messages", body))) == ["consent_insufficient"]
        assert program.post("/messages", body | {"kind": "one_to_one"}).status_code == 202

    def test_all_gates_that_are_shut_are_told_the_deciding_one_first(self, program, ready, carol):
        with unit_of_work():
            optouts.opt_out(ready.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
            accounts.pause(ready.id, reason="A look at the figures.", actor=ALICE_ACTS)
        said = read(program.post("/messages", MESSAGE))
        assert codes(said)[:2] == ["account_inactive", "opted_out"]
        assert said["gates"][0]["outcome"] == "held"

    def test_a_closed_account_or_one_without_credits_sends_nothing(self, app, northside, lakeview):
        said = read(Program(app, make_key(lakeview)[1]).post("/messages", MESSAGE))
        assert codes(said)[:3] == ["no_subscription", "no_number", "consent_missing"]
        assert codes(said)[-1] == "credits"
        with unit_of_work():
            accounts.close(northside.id, actor=ALICE_ACTS)
        said = read(Program(app, make_key(northside)[1]).post("/messages", MESSAGE))
        assert codes(said)[0] == "account_closed"

    def test_what_costs_more_than_is_left_names_the_credits(self, program, ready, carol):
        long = {"to": CAROL, "body": "\u2713" * 7_900, "accept_warnings": True}
        said = read(program.post("/messages", long))
        assert program.post("/messages", MESSAGE).status_code == 202
        spent = 0
        while "gates" not in said:
            spent += 1
            said = read(program.post("/messages", long))
        assert codes(said)[0] == "credits"
        assert spent < 20

    def test_a_warning_says_what_it_warns_of_and_is_accepted_by_name(self, program, ready, carol):
        bait = MESSAGE | {"body": "Act now! The house on Elm Street, http://bit.ly/elm"}
        answer = program.post("/messages", bait)
        said = read(answer)
        assert (answer.status_code, set(codes(said))) == (422, {"lint_warning"})
        assert any("bit.ly" in gate["sentence"] for gate in said["gates"])
        assert texts(ready) == []
        assert program.post("/messages", bait | {"accept_warnings": True}).status_code == 202

    def test_beyond_today_s_limit_it_is_held_until_a_day_with_room(self, program, ready, carol):
        make_recipient(ready, DAVE)
        with unit_of_work():
            accounts.set_limits(
                ready.id, daily_recipients=1, daily_segments=9, note="A test.", actor=ALICE_ACTS
            )
        program.post("/messages", MESSAGE)
        for kind in ("one_to_one", "marketing"):
            body = {"to": DAVE, "body": f"Hello, {kind}.", "kind": kind}
            answer = program.post("/messages", body)
            said = read(answer)
            assert (answer.status_code, said["verdict"]) == (202, "held")
            assert said["gate"]["code"] == "daily_recipients"
            assert said["held_until"] > utcnow().isoformat()

    def test_a_number_that_is_none_is_refused_by_its_gate(self, program, ready):
        for number in ("+10005550123", "+18005550123", "+999123456789", "+19005550123"):
            answer = program.post("/messages", {**MESSAGE, "to": number})
            assert answer.status_code == 422, number
            assert codes(read(answer))[0] == "invalid_number", number
        assert texts(ready) == []

    def test_a_number_of_too_many_digits_is_told_as_may_text_tells_it(self, program, ready):
        answer = program.post("/messages", {**MESSAGE, "to": "+13125550142000"})
        [gate, *_] = program.get("/numbers/+13125550142000/may-text").json["gates"]
        assert read(answer)["detail"] == gate["sentence"]
        assert "too many digits" in gate["sentence"]
        assert texts(ready) == []

    def test_what_fields_make_too_long_for_anybody_is_refused(self, program, ready):
        """RULINGS 31: no more parts than the document says; no person has seen what it would cost."""
        make_recipient(ready, CAROL, first_name="Carol" * 20)
        answer = program.post("/messages", {"to": CAROL, "body": "{first_name} " * 600})
        said = read(answer)
        assert (answer.status_code, said["code"]) == (400, "text_too_long")
        assert said["fields"][0]["field"] == "body"
        assert texts(ready) == []
        assert billing.balance(ready.id).reserved == 0


class TestIdempotency:
    def test_the_same_again_gets_the_same_answer_and_sends_nothing(self, program, ready, carol):
        first = program.post("/messages", MESSAGE, key="order-66")
        again = program.post("/messages", MESSAGE, key="order-66")
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.data == again.data
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert len(texts(ready)) == 1

    def test_a_refusal_is_the_answer_too(self, program, ready):
        first = program.post("/messages", MESSAGE, key="order-66")
        make_recipient(ready, CAROL)
        again = program.post("/messages", MESSAGE, key="order-66")
        assert (first.status_code, again.status_code) == (422, 422)
        assert first.data == again.data
        assert again.mimetype == "application/problem+json"
        assert program.post("/messages", MESSAGE, key="order-67").status_code == 202

    def test_another_body_or_another_operation_under_the_key_is_a_conflict(self, program, ready, carol):  # fmt: skip
        program.post("/messages", MESSAGE, key="order-66")
        for path, body in (
            ("/messages", {**MESSAGE, "body": "Another."}),
            ("/messages", {**MESSAGE, "kind": "marketing"}),
            ("/contacts", {"email": "x@example.com", "consent_source": "none_yet"}),
        ):
            answer = program.post(path, body, key="order-66")
            assert answer.status_code == 409
            assert read(answer)["code"] == "idempotency_key_reused"
        assert len(texts(ready)) == 1

    def test_a_bad_request_takes_no_key(self, program, ready, carol):
        assert program.post("/messages", {"to": CAROL}, key="order-66").status_code == 400
        assert program.post("/messages", MESSAGE, key="order-66").status_code == 202

    def test_a_request_that_broke_takes_no_key(self, app, program, ready, carol, monkeypatch):
        with monkeypatch.context() as broken:
            broken.setattr("portal.messaging.api._queued", lambda *_: 1 / 0)
            with suppress(ZeroDivisionError):
                program.post("/messages", MESSAGE, key="order-66")
        assert texts(ready) == []
        assert program.post("/messages", MESSAGE, key="order-66").status_code == 202
        assert len(texts(ready)) == 1

    def test_forgotten_answers_never_send_a_text_twice(self, program, ready, carol, clock):
        first = program.post("/messages", MESSAGE, key="order-66")
        clock.travel(by=timedelta(days=8))
        with unit_of_work():
            assert answers.forget_old() == 1
        again = program.post("/messages", MESSAGE, key="order-66")
        assert (again.status_code, again.json["id"]) == (202, first.json["id"])
        clock.travel(by=timedelta(days=8))
        with unit_of_work():
            answers.forget_old()
        other = program.post("/messages", {**MESSAGE, "body": "Another."}, key="order-66")
        assert other.status_code == 409
        assert len(texts(ready)) == 1

    def test_a_key_of_another_account_is_another_key(self, app, ready, carol, lakeview):
        program, other = (Program(app, make_key(a)[1]) for a in (ready, lakeview))
        first = program.post("/messages", MESSAGE, key="order-66")
        second = other.post("/messages", MESSAGE, key="order-66")
        assert (first.status_code, second.status_code) == (202, 422)

    def test_after_a_revoke_nothing_is_told_again_but_to_the_account_s_other_key(
        self, app, ready, carol
    ):
        key, token = make_key(ready)
        first = Program(app, token).post("/messages", MESSAGE, key="order-66")
        with unit_of_work():
            keys.revoke_key(ready.tenant, key.id, actor=ALICE_ACTS)
        assert Program(app, token).post("/messages", MESSAGE, key="order-66").status_code == 401
        fresh = Program(app, make_key(ready)[1]).post("/messages", MESSAGE, key="order-66")
        assert fresh.data == first.data
        assert len(texts(ready)) == 1

    def test_a_key_revoked_while_its_request_is_under_way_has_no_effect(
        self, app, ready, carol, monkeypatch
    ):
        key, token = make_key(ready)
        begin = answers.begin

        def revoked_first(*args):
            keys.revoke_key(ready.tenant, key.id, actor=ALICE_ACTS)
            return begin(*args)

        monkeypatch.setattr(answers, "begin", revoked_first)
        answer = Program(app, token).post("/messages", MESSAGE)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert texts(ready) == []

    def test_two_at_once_with_one_key_send_one_text(self, app, ready, carol):
        """I9 under a race: both get the same 202, and there is one text."""
        token = make_key(ready)[1]
        found, gate = [], threading.Barrier(4)

        def ask():
            with app.app_context():
                gate.wait(10)
                answer = Program(app, token).post("/messages", MESSAGE, key="order-66")
                found.append((answer.status_code, answer.data))
                db.session.remove()

        db.session.remove()
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == 4
        assert len(set(found)) == 1
        assert found[0][0] == 202
        assert len(texts(ready)) == 1
        assert db.session.query(Campaign).filter_by(account_id=ready.id).count() == 1


class TestState:
    def test_what_became_of_a_text_is_told(self, program, ready, carol):
        id_ = program.post("/messages", MESSAGE).json["id"]
        said = read(program.get(f"/messages/{id_}"))
        assert (said["id"], said["state"], said["to"]) == (id_, "queued", CAROL)
        assert [part["id"] for part in said["parts"]] == [id_]

    def test_a_text_in_parts_stands_where_the_part_stands_that_fares_worst(
        self, program, ready, carol
    ):
        """The first part had arrived, the second had not, and the API said delivered."""
        long = {"to": CAROL, "body": "Open house. " * 200}
        queued = read(program.post("/messages", long))
        assert queued["parts"] == 2
        ids = [text.id for text in sorted(texts(ready), key=lambda text: text.part)]
        for place, state in ((0, State.DELIVERED), (1, State.UNDELIVERED)):
            db.session.execute(update(Message).where(Message.id == ids[place]).values(state=state))
        db.session.commit()
        for asked in ids:
            said = read(program.get(f"/messages/{asked}"))
            assert (said["id"], said["state"]) == (queued["id"], "undelivered")
            assert [part["state"] for part in said["parts"]] == ["delivered", "undelivered"]
            assert [part["id"] for part in said["parts"]] == [str(id_) for id_ in ids]

    def test_only_the_account_s_own_texts_are_told(
        self, app, program, ready, carol, lakeview, bobs
    ):
        id_ = program.post("/messages", MESSAGE).json["id"]
        missing = program.get(f"/messages/{uuid4()}")
        for account in (lakeview, bobs):
            stranger = Program(app, make_key(account, Scope.SEND_MESSAGES)[1])
            answer = stranger.get(f"/messages/{id_}")
            assert (answer.status_code, answer.data) == (404, missing.data)


class TestMayText:
    def test_it_says_yes_and_changes_nothing(self, program, ready, carol):
        program.get(f"/numbers/{CAROL}/may-text")  # the key's first use is noted
        before = _everything()
        for kind in ("one_to_one", "marketing"):
            answer = program.get(f"/numbers/{CAROL}/may-text?kind={kind}")
            assert read(answer) == {"number": CAROL, "kind": kind, "allowed": True, "gates": []}
        assert _everything() == before

    def test_it_says_no_with_every_gate_as_sending_would(self, program, ready):
        make_recipient(ready, DAVE, method=Method.VERBAL)
        said = read(program.get(f"/numbers/{DAVE}/may-text?kind=marketing"))
        assert (said["allowed"], codes(said)) == (False, ["consent_insufficient"])
        assert read(program.get(f"/numbers/{DAVE}/may-text"))["allowed"]

    def test_a_number_nobody_knows_is_asked_for_without_becoming_a_lead(self, program, ready):
        for number, code in ((CAROL, "consent_missing"), ("+10005550123", "invalid_number"),
                             ("+442079460123", "region_blocked"), ("+18005550123", "invalid_number")):  # fmt: skip
            said = read(program.get(f"/numbers/{number.replace('+', '%2B')}/may-text"))
            assert codes(said)[0] == code
        assert contacts.by_numbers(ready.tenant, [CAROL]) == {}

    def test_what_one_account_knows_another_is_not_told(self, app, ready, carol, lakeview):
        said = read(Program(app, make_key(lakeview)[1]).get(f"/numbers/{CAROL}/may-text"))
        assert "consent_missing" in codes(said)


def test_keys_tell_when_they_were_used_to_the_minute(app, northside, clock):
    key, token = make_key(northside)
    program = Program(app, token)
    seen = []
    for seconds in (0, 20, 61):
        clock.travel(by=timedelta(seconds=seconds))
        program.get(f"/numbers/{CAROL}/may-text")
        db.session.rollback()
        seen.append(queries.key_or_404(key.tenant, key.id).last_used_at)
    assert seen[0] == seen[1] < seen[2]


def test_a_key_ends_with_its_last_day(app, northside, clock):
    program = Program(app, make_key(northside, expires_at=clock.now + timedelta(hours=1))[1])
    assert program.get(f"/numbers/{CAROL}/may-text").status_code == 200
    clock.travel(by=timedelta(hours=1, seconds=1))
    assert program.get(f"/numbers/{CAROL}/may-text").status_code == 401


def _everything():
    db.session.rollback()
    return {
        table.name: sorted(map(repr, db.session.execute(table.select())))
        for table in db.metadata.sorted_tables
    }
