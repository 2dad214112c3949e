"""How the list is read: order, filters, pages by key, selections, marks (K-3, K-4)."""

import pytest
from sqlalchemy import select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.models import ContactWord, PhoneNumber
from portal.contacts.queries import marking, narrowing
from portal.contacts.values import (
    ContactDetails,
    ContactFilter,
    Mark,
    NewNumber,
    Reach,
    Selection,
    Sort,
)
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from tests.factories.contacts import make_contact, make_unreadable_contact

EVERYBODY = Selection(matching=ContactFilter())


def names(account, wanted=None, **options):
    found = queries.page(account.tenant, wanted or ContactFilter(), **options)
    return [c.full_name for c in found.contacts]


def edit(account, contact, **changes):
    given = {"first_name": contact.first_name, "last_name": contact.last_name} | changes
    with unit_of_work():
        return contacts.edit_contact(
            account.tenant, contact.id, ContactDetails(**given), actor=SYSTEM
        )


# ---- reading ----


@pytest.fixture
def town(app, northside):
    """Seven people who differ in everything the list can tell."""
    return [
        make_contact(northside, "Ann", "Lee", "+13125550101", state="TX", tags=("buyer",)),
        make_contact(northside, "Bo", "Ray", "+13125550102", state="TX", lead_source="expo"),
        make_contact(
            northside, "Łukasz", "Müller", "+33639985411", state="IL", tags=("buyer", "vip")
        ),
        make_contact(northside, "Ann", "Adams", "+17735550103", email="ann.adams@example.com"),
        make_contact(northside, "Zoë", "", "+17735550104", state="AL"),
        make_contact(northside, "Cy", "Ng", "", email="cy@example.com"),
        make_unreadable_contact(northside),
    ]


def test_lists_are_ordered_by_name_state_or_age(town, northside):
    assert names(northside) == [
        "Ann Adams", "Ann Lee", "Łukasz Müller", "Cy Ng", "Nora Quinn", "Bo Ray", "Zoë",
    ]  # fmt: skip
    assert names(northside, sort=Sort.STATE)[-4:] == ["Zoë", "Łukasz Müller", "Ann Lee", "Bo Ray"]
    assert names(northside, sort=Sort.NEWEST)[0] == "Nora Quinn"


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_by_key_show_everybody_once_in_both_directions(town, northside, sort, limit):
    whole = names(northside, sort=sort)
    forward, cursor, last = [], None, None
    while True:
        last = queries.page(northside.tenant, ContactFilter(), sort, cursor, limit)
        forward.append([c.full_name for c in last.contacts])
        cursor = last.next
        if cursor is None:
            break
    assert [name for page in forward for name in page] == whole
    backward = []
    while last.previous:
        last = queries.page(northside.tenant, ContactFilter(), sort, last.previous, limit)
        backward.insert(0, [c.full_name for c in last.contacts])
    assert last.previous is None and (len(forward) == 1 or last.next)
    assert [name for page in backward for name in page] == whole[: len(whole) - len(forward[-1])]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (ContactFilter(text="ann"), ["Ann Adams", "Ann Lee"]),
        (ContactFilter(text="ann l"), ["Ann Lee"]),
        (ContactFilter(text="lukasz MULLER"), ["Łukasz Müller"]),
        (ContactFilter(text="zoe"), ["Zoë"]),
        (ContactFilter(text="ann.adams@"), ["Ann Adams"]),
        (ContactFilter(text="(312) 555-01"), ["Ann Lee", "Bo Ray"]),
        (ContactFilter(text="+1 773"), ["Ann Adams", "Zoë"]),
        (ContactFilter(text="0104"), ["Zoë"]),
        (ContactFilter(text="+33 6 39"), ["Łukasz Müller"]),
        (ContactFilter(text="nobody"), []),
        (ContactFilter(text="%"), []),
        (ContactFilter(tag="BUYER"), ["Ann Lee", "Łukasz Müller"]),
        (ContactFilter(tag="buyer", state="Texas"), ["Ann Lee"]),
        (ContactFilter(source="expo"), ["Bo Ray"]),
        (ContactFilter(reach=Reach.NOT_TEXTABLE), ["Cy Ng", "Nora Quinn"]),
        (ContactFilter(reach=Reach.INTERNATIONAL), ["Łukasz Müller"]),
        (ContactFilter(reach=Reach.TEXTABLE, text="a"), ["Ann Adams", "Ann Lee"]),
    ],
)
def test_the_list_is_narrowed(town, northside, wanted, expected, monkeypatch):
    for common in (narrowing.COMMON, 0):  # the same people, whether a word is rare or common
        monkeypatch.setattr(narrowing, "COMMON", common)
        assert names(northside, wanted) == expected
        assert queries.count_matching(northside.tenant, wanted) == len(expected)


def test_counting_stops_at_the_cap(town, northside):
    assert queries.count_matching(northside.tenant, ContactFilter(text="a"), cap=1) == 2
    assert queries.count(northside.tenant) == 7


def test_the_filters_offer_what_there_is(town, northside, bobs):
    book = queries.outline(northside.tenant)
    assert (book.contacts, book.states, book.sources) == (7, ("AL", "IL", "TX"), ("expo",))
    assert [t.name for t in book.tags] == ["buyer", "vip"]
    assert list(book.tags) == queries.tags(northside.tenant)
    assert queries.outline(bobs.tenant) == queries.Outline(0, (), (), ())


def test_a_number_stands_for_who_is_texted_there_first(app, northside):
    """Two people may share a home phone."""
    make_contact(northside, "Old", "", numbers=(NewNumber("3125550101"), NewNumber("7735550100")))
    make_contact(northside, "New", "", "+17735550100")
    found = queries.by_numbers(northside.tenant, ["+17735550100", "+13125550101", "+15125550100"])
    assert {e164: c.first_name for e164, c in found.items()} == {
        "+17735550100": "New", "+13125550101": "Old",
    }  # fmt: skip


def test_a_selection_of_a_filter_holds_everybody_over_all_pages(town, northside):
    """K-4"""
    chosen = queries.selection_of(northside.tenant, {"all_matching": ["1"], "tag": ["buyer"]})
    assert [len(batch) for batch in queries.selected(northside.tenant, chosen)] == [2]
    assert queries.count_selected(northside.tenant, chosen) == 2


def test_a_selection_of_ids_keeps_order_and_drops_who_is_gone(town, northside, bobs):
    stranger = make_contact(bobs)
    ids = [str(c.id) for c in (town[2], stranger, town[0], town[2])]
    chosen = queries.selection_of(northside.tenant, {"ids": ids})
    [batch] = queries.selected(northside.tenant, chosen)
    assert [c.id for c in batch] == [town[2].id, town[0].id]
    assert queries.count_selected(northside.tenant, chosen) == 2


def test_a_kept_selection_grows_from_page_to_page(town, northside, alice):
    first = Selection(ids=(town[0].id, town[1].id))
    with unit_of_work():
        kept = contacts.keep_selection(northside.tenant, alice.user_id, first)
    fields = {
        "selection": [str(kept)],
        "on_page": [str(town[1].id), str(town[2].id)],
        "ids": [str(town[2].id)],
    }
    grown = queries.selection_of(northside.tenant, fields)
    assert grown.ids == (town[0].id, town[2].id)
    with unit_of_work():
        contacts.keep_selection(northside.tenant, alice.user_id, grown, kept)
    assert queries.kept_ids(northside.tenant, kept) == [town[0].id, town[2].id]


@pytest.mark.parametrize("fields", [{"ids": ["7"]}, {"selection": ["x"]}])
def test_ids_that_are_none_are_refused(app, northside, fields):
    with pytest.raises(BadInput, match="Select the people again"):
        queries.selection_of(northside.tenant, fields)


def test_tags_are_put_on_and_taken_off_everybody_selected(town, northside):
    with unit_of_work():
        assert contacts.tag_contacts(northside.tenant, EVERYBODY, "Hot, buyer", actor=SYSTEM) == 7
    assert queries.get_or_404(northside.tenant, town[0].id).tags == ("buyer", "Hot")
    with unit_of_work():
        assert contacts.untag_contacts(northside.tenant, EVERYBODY, "HOT", actor=SYSTEM) == 7
    assert queries.get_or_404(northside.tenant, town[2].id).tags == ("buyer", "vip")
    for bad in ("", " ; ", ",".join(map(str, range(21)))):
        with pytest.raises(BadInput, match="Tag"), unit_of_work():
            contacts.tag_contacts(northside.tenant, EVERYBODY, bad, actor=SYSTEM)


def test_deleting_takes_everything_but_the_lock_row(town, northside):
    """K-7"""
    with unit_of_work():
        gone = contacts.delete_contacts(
            northside.tenant, Selection(matching=ContactFilter(tag="buyer")), actor=SYSTEM
        )
    assert gone == 2 and queries.count(northside.tenant) == 5
    words = select(ContactWord).where(ContactWord.contact_id == town[0].id)
    assert db.session.scalars(words).all() == []
    assert db.session.get(PhoneNumber, (northside.organization_id, "+13125550101"))


# ---- marks (K-3) ----


def test_marks_say_what_the_number_says_and_what_others_know(town, northside, monkeypatch):
    monkeypatch.setattr(marking, "_mark_sources", [])
    asked = []

    def opted_out(tenant, e164s):
        asked.append((tenant, list(e164s)))
        return {"+33639985411": [Mark("opted_out", "stop", "Opted out", "Said STOP.", "bad")]}

    queries.add_mark_source(opted_out)
    queries.add_mark_source(opted_out)
    marks = queries.marks(northside.tenant, town)
    told = {c.full_name: [m.code for m in marks[c.id]] for c in town}
    assert told["Ann Lee"] == []
    assert told["Łukasz Müller"] == ["international", "opted_out"]
    assert told["Cy Ng"] == told["Nora Quinn"] == ["no_number"]
    assert len(asked) == 1 and len(asked[0][1]) == 5


def test_a_mark_says_why(town, northside):
    assert "2 credits" in queries.number_mark(town[2]).why
    assert queries.number_mark(town[6]).why == "This is not a phone number."
    assert queries.number_mark(town[0]) is None
