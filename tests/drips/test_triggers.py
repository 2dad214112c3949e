"""Plans that take people in by themselves: by a tag, as new leads, by a form, by a program (P-1)."""

from dataclasses import replace

import pytest

from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.service.joining import join_contact
from portal.contacts.values import ConsentSource, ContactDetails, NewNumber, Selection
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.drips.models import DripEnrolment
from portal.drips.queries import enrolments, triggers
from portal.drips.service import authoring, stopping, triggering
from portal.drips.values import EnrolmentState, Source
from portal.optin.models import Confirmation
from portal.optin.service import confirming
from tests import cast
from tests.factories.drips import keeper_of, make_drip, place_of, text_step
from tests.factories.messaging import ALICE_ACTS, make_ready, make_recipient
from tests.factories.optin import fill_in, make_published
from tests.messaging.talks import hear

MAYA = "+13125550142"


@pytest.fixture
def drip(northside):
    return make_drip(northside, [text_step(0, None)])


def start_by(account, drip, source, word=""):
    with unit_of_work():
        triggering.add(account, drip.id, source, word, actor=ALICE_ACTS)


def tag(account, person, words="open house"):
    with unit_of_work():
        contact_service.tag_contacts(
            account.tenant, Selection(ids=(person.contact.id,)), words, actor=ALICE_ACTS
        )


def sources(account, e164):
    db.session.rollback()
    person = contacts.by_numbers(account.tenant, [e164])[e164]
    return [e.source for e in enrolments.of_contact(account.tenant, person.id)]


def test_a_tag_puts_people_in_once_and_only_a_person_puts_them_back(northside, drip):
    maya = make_recipient(northside, number=MAYA)
    tag(northside, maya, "seller")
    start_by(northside, drip, Source.TAG, " Open  House ")
    start_by(northside, drip, Source.TAG, "open house")
    assert [(t.source, t.word) for t in triggers.triggers(northside.tenant, drip.id)] == [
        (Source.TAG, "open house")
    ]
    tag(northside, maya, "buyer")
    assert enrolments.of_contact(northside.tenant, maya.contact.id) == []
    tag(northside, maya)
    place = place_of(northside, maya)
    assert (place.source, place.state) == (Source.TAG, EnrolmentState.ACTIVE)
    with unit_of_work():
        stopping.remove(northside.tenant, [place.id], actor=ALICE_ACTS)
        contact_service.untag_contacts(
            northside.tenant, Selection(ids=(maya.contact.id,)), "open house", actor=ALICE_ACTS
        )
    tag(northside, maya)
    assert place_of(northside, maya).state is EnrolmentState.ENDED


def test_a_tag_somebody_had_before_puts_them_in_by_no_other_change(northside, drip):
    """It holds for whoever gets the tag from then on: not whose name is mended, or who gets another."""
    maya = make_recipient(northside, number=MAYA)
    tag(northside, maya)
    start_by(northside, drip, Source.TAG, "open house")
    details = ContactDetails("Maya", "Diaz", numbers=(NewNumber(MAYA),), tags=("Open house",))
    with unit_of_work():
        contact_service.edit_contact(northside.tenant, maya.contact.id, details, actor=ALICE_ACTS)
    tag(northside, maya, "open house; buyer")
    assert contacts.get_or_404(northside.tenant, maya.contact.id).tags == ("buyer", "open house")
    assert enrolments.of_contact(northside.tenant, maya.contact.id) == []
    with unit_of_work():
        contact_service.edit_contact(
            northside.tenant, maya.contact.id, replace(details, tags=()), actor=ALICE_ACTS
        )
        contact_service.edit_contact(northside.tenant, maya.contact.id, details, actor=ALICE_ACTS)
    assert place_of(northside, maya).source == Source.TAG


def test_a_plan_that_is_archived_in_the_same_moment_loses_no_text(northside, drip, monkeypatch):
    """Q-1: whoever reads which plans a lead comes into may be overtaken; the text is kept."""
    make_ready(northside)
    start_by(northside, drip, Source.LEAD)
    read = triggers.plans_of

    def overtaken(*args, **kwargs):
        found = read(*args, **kwargs)
        authoring.archive(keeper_of(northside), drip.id, actor=ALICE_ACTS)
        return found

    monkeypatch.setattr(triggering.queries, "plans_of", overtaken)
    assert hear(northside, "Is it still for sale?", e164=MAYA).preview == "Is it still for sale?"
    assert sources(northside, MAYA) == []


def test_somebody_nobody_knew_is_a_new_lead(northside, drip):
    """K-6; who is known already is none, and who asks to be left alone is not taken in."""
    make_ready(northside)
    start_by(northside, drip, Source.LEAD)
    known = make_recipient(northside, number="+13125550199")
    hear(northside, "Is it still for sale?", e164=MAYA)
    hear(northside, "Hello again", e164="+13125550199")
    hear(northside, "STOP", e164="+13125550198")
    assert sources(northside, MAYA) == [Source.LEAD]
    assert enrolments.of_contact(northside.tenant, known.contact.id) == []
    assert sources(northside, "+13125550198") == []


def test_a_lead_that_a_program_adds_is_one_too(northside, drip):
    start_by(northside, drip, Source.LEAD)
    details = ContactDetails(first_name="Maya", numbers=(NewNumber(MAYA),))
    for _ in range(2):
        with unit_of_work():
            join_contact(northside.tenant, details, ConsentSource.RECORDED, actor=ALICE_ACTS)
    assert sources(northside, MAYA) == [Source.LEAD]


def test_a_form_puts_in_who_signs_up_there(northside, drip, anyone, clock):
    form = make_published(northside)
    start_by(northside, drip, Source.FORM, str(form.id))
    fill_in(anyone, clock, f"/f/{form.slug}")
    [place] = db.session.scalars(db.select(DripEnrolment).where(DripEnrolment.drip_id == drip.id))
    assert place.source is Source.FORM


def test_a_form_that_asks_for_a_yes_waits_for_it(northside, drip, anyone, clock):
    """Q-6: until then nothing may be sent."""
    make_ready(northside)
    form = make_published(northside, is_double_opt_in=True)
    start_by(northside, drip, Source.FORM, str(form.id))
    fill_in(anyone, clock, f"/f/{form.slug}")
    wanted = db.select(DripEnrolment.source)
    db.session.rollback()
    assert db.session.scalars(wanted).all() == []
    [e164] = db.session.scalars(db.select(Confirmation.e164))
    with unit_of_work():
        confirming.confirm(northside.tenant, e164, clock.now, reference="SM1", actor=ALICE_ACTS)
    assert db.session.scalars(wanted).all() == [Source.FORM]


def test_what_puts_people_in_can_be_dropped_and_says_what_it_needs(northside, bobs, drip):
    start_by(northside, drip, Source.LEAD)
    [known] = triggers.triggers(northside.tenant)
    for source, word in ((Source.TAG, " "), (Source.FORM, "x"), (Source.BULK, "")):
        with pytest.raises(BadInput):
            start_by(northside, drip, source, word)
    with pytest.raises(NotFound):
        start_by(bobs, drip, Source.LEAD)
    with unit_of_work():
        triggering.drop(bobs, known.id, actor=ALICE_ACTS)
    assert triggers.triggers(northside.tenant) == [known]
    with unit_of_work():
        triggering.drop(northside, known.id, actor=ALICE_ACTS)
    assert triggers.triggers(northside.tenant) == []


def test_an_archived_plan_takes_nobody_in(northside, drip):
    start_by(northside, drip, Source.TAG, "buyer")
    with unit_of_work():
        authoring.archive(keeper_of(northside, cast.ALICE), drip.id, actor=ALICE_ACTS)
    maya = make_recipient(northside, number=MAYA)
    tag(northside, maya, "buyer")
    assert enrolments.of_contact(northside.tenant, maya.contact.id) == []
