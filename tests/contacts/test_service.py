"""What people do with contacts, and how the list is read (K-2, K-4, K-6, K-7)."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.errors import NobodyNamed, NumberRefused, NumberTaken
from portal.contacts.models import ContactWord, PhoneNumber
from portal.contacts.queries import marking
from portal.contacts.values import (
    ContactDetails,
    ContactFilter,
    Language,
    Mark,
    NewNumber,
    Problem,
    Reach,
    Selection,
    Sort,
)
from portal.core import audit
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
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


# ---- one contact ----


def test_a_contact_has_several_numbers_and_prefers_one(app, northside):
    """K-2"""
    carol = make_contact(
        northside,
        numbers=(
            NewNumber("312 555 0142", "mobile"),
            NewNumber("+49 1512 3456024", "Office", True),
        ),
    )
    assert [(n.e164, n.label, n.is_preferred) for n in carol.numbers] == [
        ("+4915123456024", "Office", True),
        ("+13125550142", "Mobile", False),
    ]
    assert carol.preferred.kind == "mobile"
    assert carol.preferred.region == "DE"


def test_without_a_choice_the_first_number_that_takes_texts_is_preferred(app, northside):
    carol = make_contact(
        northside, numbers=(NewNumber("800 555 0100", "", True), NewNumber("3125550142"))
    )
    assert carol.preferred.e164 == "+13125550142"
    assert carol.numbers[1].problem is Problem.TOLL_FREE


def test_the_same_number_twice_is_one(app, northside):
    carol = make_contact(northside, numbers=(NewNumber("3125550142"), NewNumber("(312) 555-0142")))
    assert len(carol.numbers) == 1


@pytest.mark.parametrize(
    ("details", "error"),
    [
        (ContactDetails("Ann", numbers=(NewNumber("call me"),)), NumberRefused),
        (ContactDetails(), NobodyNamed),
        (ContactDetails("Ann", email="nobody"), BadInput),
    ],
)
def test_what_cannot_be_a_contact_is_refused_and_leaves_nothing(app, northside, details, error):
    with pytest.raises(error) as refused, unit_of_work():
        contacts.create_contact(northside.tenant, details, actor=SYSTEM)
    assert refused.value.message.endswith(".")
    assert queries.count(northside.tenant) == 0


def test_a_number_texts_one_contact_of_the_account(app, northside, bobs):
    carol = make_contact(northside, number="+13125550142")
    with pytest.raises(NumberTaken, match="Carol Diaz") as taken, unit_of_work():
        contacts.create_contact(
            northside.tenant,
            ContactDetails("Ann", numbers=(NewNumber("3125550142"),)),
            actor=SYSTEM,
        )
    assert (taken.value.place, taken.value.contact_id) == (0, carol.id)
    assert make_contact(bobs, number="+13125550142").preferred.e164 == "+13125550142"


def test_editing_changes_everything_and_keeps_what_cannot_be_read(app, northside):
    nora = make_unreadable_contact(northside)
    changed = edit(
        northside,
        nora,
        first_name="Norah",
        language=Language.ES,
        known_since=date(2026, 1, 2),
        tags=("vip", "buyer"),
        numbers=(NewNumber("call office"), NewNumber("3125550142")),
    )
    assert (changed.full_name, changed.language) == ("Norah Quinn", Language.ES)
    assert (changed.known_since, changed.tags) == (date(2026, 1, 2), ("buyer", "vip"))
    assert changed.preferred.e164 == "+13125550142"
    assert names(northside, ContactFilter(text="norah")) == ["Norah Quinn"]
    assert names(northside, ContactFilter(text="nora.quinn")) == []


def test_a_new_number_that_cannot_be_read_is_refused_with_its_place(app, northside):
    carol = make_contact(northside)
    with pytest.raises(NumberRefused) as refused:
        edit(northside, carol, numbers=(NewNumber("3125550142"), NewNumber("555-0199")))
    assert refused.value.place == 1
    assert queries.get_or_404(northside.tenant, carol.id) == carol


def test_an_edit_is_audited_by_field_without_personal_data(app, northside):
    carol = make_contact(northside, number="+13125550142")
    edit(northside, carol, first_name="Caroline", numbers=(NewNumber("7735550142"),))
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.event == "contacts:contact:edit")
    ).one()
    assert entry.payload == {"fields": ["first_name", "numbers"]}
    assert audit.verify(northside.organization_id)[1] is None


def test_merge_values_are_what_is_known(app, northside):
    carol = make_contact(northside, email="c@d.co", city="Austin", state="Texas")
    values = carol.merge_values()
    assert (values["first_name"], values["full_name"]) == ("Carol", "Carol Diaz")
    assert (values["email"], values["city"], values["state"]) == ("c@d.co", "Austin", "TX")


@pytest.mark.parametrize(
    ("details", "shown"),
    [
        ({"first_name": "Ann", "last_name": ""}, "Ann"),
        ({"first_name": "", "last_name": "", "email": "a@b.co"}, "a@b.co"),
        ({"first_name": "", "last_name": "", "number": "+13125550142"}, "+13125550142"),
    ],
)
def test_a_contact_without_a_name_is_called_by_what_is_known(app, northside, details, shown):
    assert make_contact(northside, **details).full_name == shown


def test_notes_come_newest_first(app, northside, clock):
    carol = make_contact(northside)
    for text in ("Prefers mornings.", "Has two dogs.\0"):
        with unit_of_work():
            contacts.add_note(northside.tenant, carol.id, text, actor=SYSTEM)
    notes = queries.notes(northside.tenant, carol.id)
    assert [n.body for n in notes] == ["Has two dogs.", "Prefers mornings."]
    for bad in ("  ", "x" * 5001):
        with pytest.raises(BadInput, match="Note"), unit_of_work():
            contacts.add_note(northside.tenant, carol.id, bad, actor=SYSTEM)


# ---- leads and lock rows ----


def test_a_text_from_a_stranger_makes_one_lead_named_by_the_number(app, northside):
    """K-6"""
    for _ in range(2):
        with unit_of_work():
            lead = contacts.ensure_lead(northside.tenant, "+13125550142", SYSTEM)
    assert (lead.first_name, lead.lead_source) == ("(312) 555-0142", "text message")
    assert lead.preferred.e164 == "+13125550142"
    assert queries.count(northside.tenant) == 1


def test_a_text_from_somebody_known_makes_no_lead(app, northside):
    carol = make_contact(northside, numbers=(NewNumber("3125550142"), NewNumber("3125550143")))
    with unit_of_work():
        assert contacts.ensure_lead(northside.tenant, "+13125550143", SYSTEM).id == carol.id


def test_a_short_code_becomes_a_lead_that_cannot_be_texted(app, northside):
    with unit_of_work():
        lead = contacts.ensure_lead(northside.tenant, "72345", SYSTEM)
    assert lead.preferred is None and lead.numbers[0].problem is Problem.SHORT


def test_locking_numbers_makes_their_rows_once_with_kind_and_region(app, juniper):
    """RULINGS 6"""
    for _ in range(2):
        with unit_of_work():
            contacts.lock_numbers(juniper.id, ["+4915123456024", "+13125550142", "+4915123456024"])
    rows = db.session.scalars(select(PhoneNumber).order_by(PhoneNumber.e164)).all()
    assert [(r.e164, r.kind, r.region) for r in rows] == [
        ("+13125550142", "unknown", "US"),
        ("+4915123456024", "mobile", "DE"),
    ]


def test_two_threads_that_lock_the_same_numbers_take_turns(app, juniper):
    done = []

    def lock(order):
        with app.app_context(), unit_of_work():
            contacts.lock_numbers(juniper.id, order)
            done.append(order)

    numbers = [f"+1312555{n:04d}" for n in range(40)]
    threads = [threading.Thread(target=lock, args=(o,)) for o in (numbers, numbers[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2


def test_a_dead_number_is_marked_everywhere_in_the_organization_and_can_be_revived(
    app, northside, bobs
):
    """S-10"""
    carol = make_contact(northside, number="+13125550142")
    other = make_contact(bobs, number="+13125550142")
    with unit_of_work():
        contacts.mark_unreachable(northside.organization_id, "+13125550142", 30005)
    for account, contact in ((northside, carol), (bobs, other)):
        number = queries.get_or_404(account.tenant, contact.id).preferred
        assert number.problem is Problem.UNREACHABLE and "30005" in number.why
    assert names(northside, ContactFilter(reach=Reach.TEXTABLE)) == []
    with unit_of_work():
        contacts.mark_reachable(northside.organization_id, "+13125550142")
    assert queries.get_or_404(northside.tenant, carol.id).preferred.is_textable


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
def test_the_list_is_narrowed(town, northside, wanted, expected):
    assert names(northside, wanted) == expected
    assert queries.count_matching(northside.tenant, wanted) == len(expected)


def test_counting_stops_at_the_cap(town, northside):
    assert queries.count_matching(northside.tenant, ContactFilter(text="a"), cap=1) == 2
    assert queries.count(northside.tenant) == 7


def test_the_filters_offer_what_there_is(town, northside, bobs):
    assert queries.states(northside.tenant) == ["AL", "IL", "TX"]
    assert [t.name for t in queries.tags(northside.tenant)] == ["buyer", "vip"]
    assert queries.sources(northside.tenant) == ["expo"]
    assert queries.states(bobs.tenant) == queries.tags(bobs.tenant) == []


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


# ---- tenancy ----


def test_a_contact_of_another_account_is_missing(app, northside, bobs, lakeview):
    carol = make_contact(northside)
    for other in (bobs, lakeview):
        with pytest.raises(NotFound):
            queries.get_or_404(other.tenant, carol.id)
        with pytest.raises(NotFound), unit_of_work():
            contacts.edit_contact(other.tenant, carol.id, ContactDetails("X"), actor=SYSTEM)
        with pytest.raises(NotFound), unit_of_work():
            contacts.add_note(other.tenant, carol.id, "Hi.", actor=SYSTEM)
        chosen = Selection(ids=(carol.id,))
        with unit_of_work():
            assert contacts.delete_contacts(other.tenant, chosen, actor=SYSTEM) == 0
            assert contacts.tag_contacts(other.tenant, chosen, "x", actor=SYSTEM) == 0
        assert queries.by_numbers(other.tenant, [carol.preferred.e164]) == {}
    assert queries.get_or_404(northside.tenant, carol.id) == carol
