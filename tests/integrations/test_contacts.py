"""Contacts by API: added or merged by the rules of an import, once for each key."""

from uuid import UUID, uuid4

import pytest

from portal.contacts import queries as contacts
from portal.contacts.values import ContactFilter
from portal.core.access import Scope
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.drips.queries import enrolments
from portal.drips.service import stopping
from portal.drips.values import EnrolmentState, Source
from portal.messaging.service import optouts
from tests import cast
from tests.factories.contacts import make_contact
from tests.factories.drips import keeper_of, make_drip
from tests.factories.integrations import Program, make_key, read
from tests.factories.messaging import ALICE_ACTS
from tests.integrations.conftest import CAROL

NEW = {
    "first_name": "Carol",
    "last_name": "Diaz",
    "numbers": [{"number": "(312) 555-0142", "label": "mobile"}],
    "tags": ["open house"],
    "consent_source": "none_yet",
}


def book(account):
    db.session.rollback()
    return contacts.page(account.tenant, ContactFilter()).contacts


class TestAdding:
    def test_a_person_is_added_as_by_hand(self, program, northside):
        answer = program.post("/contacts", NEW)
        said = read(answer)
        assert answer.status_code == 201
        contact = contacts.by_numbers(northside.tenant, [CAROL])[CAROL]
        assert said == {
            "id": str(contact.id), "created": True, "first_name": "Carol", "last_name": "Diaz",
            "email": "", "tags": ["open house"],
            "numbers": [
                {"number": CAROL, "label": "Mobile", "is_preferred": True, "problem": None}
            ],
        }  # fmt: skip
        entry = db.session.query(AuditEntry).filter_by(event="contacts:contact:create").one()
        assert entry.actor_label.startswith("API key CRM")
        assert entry.payload == {"source": "api", "consent_source": "none_yet"}

    def test_the_same_request_again_gets_the_same_answer(self, program, northside):
        first = program.post("/contacts", NEW, key="lead-1")
        again = program.post("/contacts", NEW, key="lead-1")
        assert (again.status_code, again.data) == (201, first.data)
        assert len(book(northside)) == 1

    def test_a_number_that_can_t_be_texted_is_kept_with_the_reason(self, program):
        said = read(program.post("/contacts", {**NEW, "numbers": [{"number": "+18005550123"}]}))
        assert said["numbers"][0]["problem"] == "Toll-free numbers cannot be texted."
        assert said["numbers"][0]["is_preferred"] is False

    def test_the_preferred_number_is_the_one_asked_for(self, program):
        numbers = [{"number": CAROL}, {"number": "+13125550143", "is_preferred": True}]
        said = read(program.post("/contacts", {**NEW, "numbers": numbers}))
        assert [n["number"] for n in said["numbers"]] == ["+13125550143", CAROL]

    def test_an_address_alone_is_enough(self, program):
        said = read(
            program.post("/contacts", {"email": "Eve@Example.com", "consent_source": "none_yet"})
        )
        assert (said["created"], said["email"], said["numbers"]) == (True, "Eve@Example.com", [])


class TestMerging:
    def test_what_is_known_stays_and_what_is_empty_is_filled(self, program, northside):
        held = make_contact(northside, "Caroline", "Diaz", CAROL, city="Chicago")
        more = {"email": "carol@example.com", "city": "Evanston"}
        answer = program.post("/contacts", {**NEW, **more})
        said = read(answer)
        assert (answer.status_code, said["id"], said["created"]) == (200, str(held.id), False)
        [contact] = book(northside)
        assert (contact.first_name, contact.city, contact.email, contact.tags) == (
            "Caroline",
            "Chicago",
            "carol@example.com",
            ("open house",),
        )
        [note] = contacts.notes(northside.tenant, held.id)
        assert note.body == "Also given through the API as Carol Diaz, carol@example.com."

    def test_another_number_of_theirs_is_added(self, program, northside):
        program.post("/contacts", NEW)
        numbers = [{"number": CAROL}, {"number": "+13125550143"}]
        said = read(program.post("/contacts", {**NEW, "numbers": numbers}))
        assert [n["number"] for n in said["numbers"]] == [CAROL, "+13125550143"]
        assert len(book(northside)) == 1

    def test_an_opt_out_stays_with_its_number(self, program, northside):
        """K-7: whoever comes back under the number stays opted out."""
        with unit_of_work():
            optouts.opt_out(northside.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        assert program.post("/contacts", NEW).status_code == 201
        said = read(program.get(f"/numbers/{CAROL}/may-text"))
        assert "opted_out" in [gate["code"] for gate in said["gates"]]

    def test_another_account_s_person_is_another_person(self, app, program, northside, bobs):
        held = make_contact(bobs, "Caroline", "Diaz", CAROL)
        assert read(program.post("/contacts", NEW))["id"] != str(held.id)
        other = Program(app, make_key(bobs)[1])
        assert read(other.post("/contacts", NEW))["id"] == str(held.id)
        assert len(book(northside)) == len(book(bobs)) == 1


@pytest.mark.parametrize("source", ["bought_list", "public_records", "third_party"])
def test_who_comes_from_where_consent_can_t_come_from_is_refused(program, northside, source):
    answer = program.post("/contacts", {**NEW, "consent_source": source})
    assert answer.status_code == 422
    assert "bought or lent" in read(answer)["detail"]
    assert book(northside) == ()


@pytest.mark.parametrize("day", ["2026-02-30", "0001-01-01", "1899-12-31"])
def test_a_day_nobody_became_known_on_is_refused_by_name(program, northside, day):
    answer = program.post("/contacts", {**NEW, "known_since": day})
    assert [fault["field"] for fault in read(answer)["fields"]] == ["known_since"]
    assert book(northside) == ()


class TestPlan:
    def test_a_program_enrols_whom_it_adds(self, northside, program):
        """SPEC 14; again is harmless."""
        drip = make_drip(northside)
        added = program.post("/contacts", {**NEW, "plan_id": str(drip.id)})
        assert added.status_code == 201
        program.post("/contacts", {**NEW, "plan_id": str(drip.id)})
        [place] = enrolments.of_contact(northside.tenant, UUID(read(added)["id"]))
        assert (place.drip_id, place.source) == (drip.id, Source.API)

    def test_whoever_was_in_a_plan_once_is_not_put_into_it_again(self, northside, program):
        """P-1: only a person does that, however often a program names them."""
        wish = {**NEW, "plan_id": str(make_drip(northside).id)}
        who = UUID(read(program.post("/contacts", wish))["id"])
        [place] = enrolments.of_contact(northside.tenant, who)
        with unit_of_work():
            stopping.remove(northside.tenant, [place.id], actor=ALICE_ACTS)
        assert program.post("/contacts", wish).status_code == 200
        places = enrolments.of_contact(northside.tenant, who)
        assert [(one.id, one.state) for one in places] == [(place.id, EnrolmentState.ENDED)]

    def test_a_key_that_may_not_send_puts_nobody_into_a_plan(self, app, northside):
        """A plan texts whoever is in it, and spends credits."""
        program = Program(app, make_key(northside, Scope.WRITE_CONTACTS)[1])
        drip = make_drip(northside)
        answer = program.post("/contacts", {**NEW, "plan_id": str(drip.id)})
        assert (answer.status_code, read(answer)["code"]) == (403, "scope_missing")
        assert "messages:send" in read(answer)["detail"]
        assert book(northside) == ()
        assert program.post("/contacts", NEW).status_code == 201

    def test_a_plan_that_is_not_there_refuses_the_person_too(self, northside, bobs, program):
        other = make_drip(bobs, by=keeper_of(bobs, cast.BOB))
        for plan_id in (str(other.id), str(uuid4())):
            answer = program.post("/contacts", {**NEW, "plan_id": plan_id})
            assert answer.status_code == 422
            assert read(answer)["fields"][0]["field"] == "plan_id"
        assert book(northside) == ()
