"""What people do with contacts, and how the list is read (K-2, K-4, K-6, K-7)."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.errors import NobodyNamed, NumberRefused, NumberTaken
from portal.contacts.models import PhoneNumber
from portal.contacts.values import (
    ContactDetails,
    ContactFilter,
    Language,
    NewNumber,
    Problem,
    Reach,
    Selection,
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
        other = contacts.ensure_lead(northside.tenant, "72346", SYSTEM)
    with unit_of_work():  # once each text of theirs was a lead of its own
        assert contacts.ensure_lead(northside.tenant, "72345", SYSTEM).id == lead.id != other.id
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
