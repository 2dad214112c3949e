"""The pages of the address book, opened as people do (K-1 to K-5, K-7, M-4, M-5)."""

import csv
import io
import re
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.values import ContactFilter, NewNumber, Selection
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from tests.factories.contacts import (
    import_file,
    make_contact,
    make_unreadable_contact,
    upload,
)

DATA = Path(__file__).parents[1] / "data"
EVERYBODY = Selection(matching=ContactFilter())


def everybody(account):
    return [c for batch in queries.selected(account.tenant, EVERYBODY) for c in batch]


def listed(reply):
    return reply.texts_of(".datatable__name")


def download(browser, endpoint, data=None, **where):
    """Fetch a streamed file; it is read while the request is still open."""
    method = "GET" if data is None else "POST"
    return browser.open(method, browser.url(endpoint, **where), data=data, buffered=True)


def file_of(content, name="people.csv"):
    return (io.BytesIO(content.encode() if isinstance(content, str) else content), name)


# ---- the list ----


def test_an_empty_book_says_what_belongs_there(alice, northside):
    page = alice.get("contacts.index", account_id=northside.id)
    assert "No contacts yet" in page.text
    assert page.page.select_one(f"a[href$='{northside.id}/contacts/imports']")


def test_the_list_shows_names_numbers_marks_and_tags(alice, northside):
    """K-3"""
    make_contact(northside, "Ann", "Lee", "+13125550142", tags=("a", "b", "c"), state="TX")
    make_contact(northside, "Łukasz", "Müller", "+33639985411")
    make_unreadable_contact(northside)
    page = alice.get("contacts.index", account_id=northside.id)
    assert listed(page) == ["Lee, Ann", "Müller, Łukasz", "Quinn, Nora"]
    assert "(312) 555-0142" in page.text and "+33 6 39 98 54 11" in page.text
    marks = page.texts_of(".recipient__mark")
    assert any("International number: 2 credits a text" in mark for mark in marks)
    assert any(mark.startswith("N/A") and "not a phone number" in mark for mark in marks)
    assert "+1 more tags" in page.text


def test_the_list_is_filtered_and_sorted_by_its_address(alice, northside):
    make_contact(northside, "Ann", "Lee", state="TX", tags=("buyer",))
    make_contact(northside, "Bo", "Ray", state="IL", tags=("buyer",))
    where = {"account_id": northside.id}
    page = alice.get("contacts.index", query={"tag": "buyer", "state": "TX"}, **where)
    assert listed(page) == ["Lee, Ann"]
    assert page.text_of(".list-line [role=status]") == "1 matches"
    assert listed(alice.get("contacts.index", query={"sort": "state"}, **where))[0] == "Ray, Bo"
    none = alice.get("contacts.index", query={"q": "nobody"}, **where)
    assert "No contact matches" in none.text and "Clear filters" in none.text
    assert none.page.select_one("#contact-filter-q")["value"] == "nobody"


def test_htmx_gets_the_table_alone(alice, northside):
    make_contact(northside)
    reply = alice.htmx.get("contacts.index", query={"q": "carol"}, account_id=northside.id)
    assert reply.is_partial and listed(reply) == ["Diaz, Carol"]
    assert reply.page.select_one("#contact-list")


@pytest.mark.parametrize(
    ("query", "said"),
    [({"sort": "x"}, "sort: choose one of"), ({"reach": "x"}, "reach: choose one of"),
     ({"after": "x"}, "after: this page mark is damaged"), ({"selection": "7"}, "selection")],
)  # fmt: skip
def test_a_bad_address_is_refused_with_its_field(alice, northside, query, said):
    assert said in alice.get("contacts.index", 400, query=query, account_id=northside.id).text


@pytest.mark.parametrize("q", ["\0", "'; drop", "%%", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "x" * 5000])  # fmt: skip
def test_any_search_is_answered(alice, northside, q):
    make_contact(northside)
    alice.get("contacts.index", query={"q": q}, account_id=northside.id)


def test_a_book_of_many_pages_is_walked_by_its_links(alice, northside):
    import_file(
        northside, "Name,Phone\n" + "".join(f"P{i:03d} X,312555{i:04d}\n" for i in range(120))
    )
    page = alice.get("contacts.index", account_id=northside.id)
    seen = listed(page)
    while link := page.page.select_one("a[rel=next]"):
        page = alice.open("GET", link["href"])
        seen += listed(page)
    assert len(seen) == len(set(seen)) == 120
    back = alice.open("GET", page.page.select_one("a[rel=prev]")["href"])
    assert listed(back) == seen[75:100]


def test_people_ticked_are_kept_from_page_to_page_without_script(alice, northside):
    """K-4"""
    import_file(
        northside, "Name,Phone\n" + "".join(f"P{i:03d} X,312555{i:04d}\n" for i in range(35))
    )
    first = alice.get("contacts.index", account_id=northside.id)
    boxes = [box["value"] for box in first.page.select(".datatable__pick")]
    go = first.page.select_one("button[name=after]")
    kept = alice.post(
        "contacts.keep", account_id=northside.id, data={"ids": boxes[:2], "after": go["value"]}
    )
    second = alice.follow(kept)
    assert len(listed(second)) == 10 and "2 kept so far" in second.text
    form = {i["name"]: i["value"] for i in second.page.select("#bulk input[type=hidden]")}
    export = download(
        alice,
        "contacts.export",
        account_id=northside.id,
        data=form
        | {
            "ids": [second.page.select_one(".datatable__pick")["value"]],
            "on_page": [i["value"] for i in second.page.select("[name=on_page]")],
        },
    )
    assert len(list(csv.reader(io.StringIO(export.data.decode())))) == 4
    back = alice.open("GET", second.page.select_one("a[rel=prev]")["href"])
    assert len(back.page.select(".datatable__pick[checked]")) == 2


# ---- bulk ----


def test_everybody_who_matches_is_tagged_over_all_pages(alice, northside):
    import_file(
        northside, "Name,Phone,State\n" + "".join(f"P{i} X,312555{i:04d},TX\n" for i in range(70))
    )
    chosen = {"all_matching": "1", "state": "TX"}
    where = {"account_id": northside.id}
    asked = alice.post("contacts.choose_tags", data=chosen, **where)
    assert asked.text_of("h1") == "Tag 70 contacts"
    hidden = {i["name"]: i["value"] for i in asked.page.select("main input[type=hidden]")}
    assert hidden | chosen == hidden
    assert (
        "at least one tag"
        in alice.post("contacts.tag", 422, data=hidden | {"verb": "add"}, **where).text
    )
    done = alice.post("contacts.tag", data=hidden | {"tags": "spring", "verb": "add"}, **where)
    assert "Tagged 70 contacts." in alice.follow(done).text
    assert queries.count_matching(northside.tenant, ContactFilter(tag="spring")) == 70
    alice.post("contacts.tag", data=hidden | {"tags": "spring", "verb": "remove"}, **where)
    assert queries.count_matching(northside.tenant, ContactFilter(tag="spring")) == 0


def test_deleting_asks_first_and_says_that_opt_outs_stay(alice, northside):
    """K-7"""
    people = [make_contact(northside) for _ in range(3)]
    where = {"account_id": northside.id}
    asked = alice.post(
        "contacts.confirm_delete", data={"ids": [str(c.id) for c in people[:2]]}, **where
    )
    assert "Delete 2 contacts?" in asked.text and "opt-outs stay" in asked.text
    ids = [i["value"] for i in asked.page.select("input[name=ids]")]
    assert queries.count(northside.tenant) == 3
    done = alice.post("contacts.delete", data={"ids": ids}, **where)
    assert "Deleted 2 contacts" in alice.follow(done).text
    assert [c.id for c in everybody(northside)] == [people[2].id]


@pytest.mark.parametrize("endpoint", ["choose_tags", "confirm_delete", "delete", "export"])
def test_an_action_for_nobody_says_so(alice, northside, endpoint):
    reply = alice.post(f"contacts.{endpoint}", 400, account_id=northside.id)
    assert "Nobody is selected" in reply.text


def test_a_long_selection_is_kept_between_two_pages(alice, northside):
    import_file(northside, "Name,Phone\n" + "".join(f"P{i} X,312555{i:04d}\n" for i in range(510)))
    ids = [str(c.id) for c in everybody(northside)]
    where = {"account_id": northside.id}
    asked = alice.post("contacts.confirm_delete", data={"ids": ids}, **where)
    hidden = {i["name"]: i["value"] for i in asked.page.select("main input[type=hidden]")}
    assert "ids" not in hidden
    alice.post("contacts.delete", data=hidden, **where)
    assert queries.count(northside.tenant) == 0


def test_an_export_is_safe_named_and_audited(alice, northside):
    """K-1, M-4, PROMISES 4.4"""
    make_contact(northside, '=HYPERLINK("x")', "@SUM(1)", "+13125550142")
    reply = download(alice, "contacts.export", {"all_matching": "1"}, account_id=northside.id)
    assert reply.headers["Content-Type"].startswith("text/csv")
    assert "contacts-2026-03-02.csv" in reply.headers["Content-Disposition"]
    [row] = csv.DictReader(io.StringIO(reply.data.decode("utf-8-sig")))
    assert (row["First name"], row["Last name"]) == ('\'=HYPERLINK("x")', "'@SUM(1)")
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.event == "contacts:contact:export")
    ).one()
    assert entry.payload["count"] == 1 and entry.actor_label == "Alice Moreno"


# ---- one contact ----

PERSON = {
    "first_name": "Ann",
    "last_name": "Lee",
    "language": "en",
    "numbers-0-raw": "(312) 555-0142",
}


def test_a_new_contact_is_entered_with_several_numbers(alice, northside):
    """K-2"""
    where = {"account_id": northside.id}
    form = alice.get("contacts.new", **where)
    assert form.page.select_one("[name=preferred][checked]")["value"] == "0"
    reply = alice.post(
        "contacts.create",
        data=PERSON | {"numbers-1-raw": "+44 20 7946 0142", "numbers-1-label": "office", "preferred": "1",
                       "tags": "buyer, open house", "email": "ann@example.com"},
        **where,
    )  # fmt: skip
    [ann] = everybody(northside)
    assert ann.preferred.e164 == "+442079460142" and ann.tags == ("buyer", "open house")
    assert str(ann.id) in reply.location or reply.location


BAD_PEOPLE = [
    ({"numbers-0-raw": "(312) 555-01x4"}, "(312) 555-01x4 is not a phone number"),
    ({"numbers-0-raw": "555-0199"}, "area code is missing"),
    ({"email": "nobody"}, "Write it like name@example.com."),
    ({"first_name": "x" * 101}, "Keep it to 100 characters."),
    ({"first_name": "", "last_name": "", "numbers-0-raw": ""}, "Write a name, an e-mail address"),
    ({"known_since": "yesterday"}, "Write it like 2026-03-14"),
    ({"known_since": "0001-01-01"}, "a year from 1900 on"),
    ({"language": "xx"}, "Choose one of the list"),
    ({"tags": ",".join(f"t{i}" for i in range(25))}, "20 tags are the most"),
]


@pytest.mark.parametrize(("change", "said"), BAD_PEOPLE, ids=[s for _, s in BAD_PEOPLE])
def test_bad_input_is_told_beside_its_field_and_nothing_typed_is_lost(
    alice, northside, change, said
):
    data = PERSON | {"city": "Austin", "tags": "buyer"} | change
    reply = alice.post("contacts.create", 422, data=data, account_id=northside.id)
    assert said in " ".join(reply.texts_of(".field__error"))
    assert reply.page.select_one("[aria-invalid=true]")
    for name in ("city", "first_name", "tags", "numbers-0-raw"):
        assert reply.field(name) == data[name]
    assert queries.count(northside.tenant) == 0


@pytest.mark.parametrize("row", ["²", "9" * 5_000])
def test_a_row_of_numbers_that_no_page_writes_is_none(alice, northside, row):
    data = PERSON | {f"numbers-{row}-raw": "(312) 555-0143"}
    alice.post("contacts.create", 303, data=data, account_id=northside.id)
    [ann] = everybody(northside)
    assert [number.e164 for number in ann.numbers] == ["+13125550142"]


def test_a_number_somebody_has_names_who_has_it(alice, northside):
    make_contact(northside, number="+13125550142")
    reply = alice.post("contacts.create", 422, data=PERSON, account_id=northside.id)
    assert "is the number of Carol Diaz already" in reply.text_of(".field__error")


def test_a_contact_is_edited_noted_and_deleted_from_its_page(alice, northside):
    nora = make_unreadable_contact(northside)
    where = {"account_id": northside.id, "contact_id": nora.id}
    form = alice.get("contacts.edit", **where)
    assert form.field("numbers-0-raw") == "call office"
    alice.post(
        "contacts.update",
        data=PERSON | {"numbers-0-raw": "call office", "numbers-1-raw": "3125550142"},
        **where,
    )
    assert queries.get_or_404(northside.tenant, nora.id).preferred.e164 == "+13125550142"
    assert (
        "Write something first"
        in alice.post("contacts.add_note", 422, data={"body": " "}, **where).text
    )
    alice.post("contacts.add_note", data={"body": "<b>Two dogs</b>"}, **where)
    page = alice.get("contacts.edit", **where)
    assert "<b>Two dogs</b>" in page.text_of(".note-line")
    assert "Alice Moreno" in page.text_of(".note-line")


def test_an_edit_that_fails_keeps_what_was_typed(alice, northside):
    carol = make_contact(northside)
    where = {"account_id": northside.id, "contact_id": carol.id}
    reply = alice.post("contacts.update", 422, data=PERSON | {"numbers-0-raw": "n/a"}, **where)
    assert reply.field("first_name") == "Ann" and reply.field("numbers-0-raw") == "n/a"


# ---- who may ----

READS = ["index", "new", "imports"]
WRITES = ["create", "choose_tags", "confirm_delete", "delete", "export", "keep", "tag", "upload"]


@pytest.mark.parametrize("endpoint", READS + WRITES)
def test_a_stranger_finds_nothing(mallory, northside, endpoint):
    verb = mallory.get if endpoint in READS else mallory.post
    verb(f"contacts.{endpoint}", 404, account_id=northside.id)


def test_a_stranger_finds_no_contact_and_no_import_by_its_id(mallory, alice, northside, lakeview):
    """S2: the id of another tenant is as good as none."""
    carol, import_ = make_contact(northside), upload(northside, "Phone\n3125550142\n")
    for account in (northside, lakeview):
        for endpoint, ids in [
            ("contacts.edit", {"contact_id": carol.id}),
            ("contacts.show_import", {"import_id": import_.id}),
            ("contacts.rejects", {"import_id": import_.id}),
            ("contacts.progress", {"import_id": import_.id}),
        ]:
            missing = mallory.get(endpoint, 404, account_id=account.id, **{k: uuid4() for k in ids})
            found = mallory.get(endpoint, 404, account_id=account.id, **ids)
            assert _bare(found) == _bare(missing)
    mallory.post("contacts.delete", account_id=lakeview.id, data={"ids": [str(carol.id)]})
    assert queries.count(northside.tenant) == 1


def _bare(reply):
    return re.sub(
        r"[0-9a-f-]{36}|value=\"[^\"]+\"|X-CSRFToken\": \"[^\"]+\"", "", reply.data.decode()
    )


def test_an_officer_reads_and_does_not_change(vera, northside):
    carol = make_contact(northside)
    page = vera.get("contacts.index", account_id=northside.id)
    assert "Diaz, Carol" in page.text
    assert "New contact" not in page.text and not page.page.select("[formaction$='deletion']")
    for endpoint in ("new", "imports"):
        vera.get(f"contacts.{endpoint}", 403, account_id=northside.id)
    vera.get("contacts.edit", 403, account_id=northside.id, contact_id=carol.id)
    for endpoint in ("create", "tag", "delete", "upload"):
        vera.post(f"contacts.{endpoint}", 403, account_id=northside.id)


def test_an_agent_of_the_team_works_in_the_shared_book(bob, northside):
    bob.post("contacts.create", data=PERSON, account_id=northside.id)
    assert [c.full_name for c in everybody(northside)] == ["Ann Lee"]


def test_somebody_may_go_to_a_contact_with_a_dead_number(alice, northside):
    carol = make_contact(northside, numbers=(NewNumber("3125550142"),))
    with unit_of_work():
        contacts.mark_unreachable(northside.organization_id, "+13125550142", 30005)
        contacts.add_note(northside.tenant, carol.id, "Dead.", actor=SYSTEM)
    page = alice.get("contacts.index", account_id=northside.id)
    assert "cannot be reached (30005)" in page.text
