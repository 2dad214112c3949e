"""A tag, new leads or a form put people into a plan by themselves (P-1)."""

import pytest

from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.db import db, unit_of_work
from portal.drips.queries import people, triggers
from portal.drips.values import Source
from tests import cast
from tests.factories.drips import make_drip, text_step
from tests.factories.messaging import ALICE_ACTS, make_ready, make_recipient

HERE = {"account_id": cast.NORTHSIDE}


def kept(account):
    db.session.rollback()
    return [(one.source, one.word) for one in triggers.triggers(account.tenant)]


def test_a_tag_and_new_leads_are_added_and_removed(alice, northside):
    make_ready(northside)
    maya = make_recipient(northside, first_name="Maya")
    drip = make_drip(northside, [text_step(3)])
    where = {**HERE, "drip_id": drip.id}
    alice.post("drips.add_trigger", 303, {"source": "tag", "tag": "Buyer"}, **where)
    page = alice.follow(alice.post("drips.add_trigger", 303, {"source": "lead"}, **where))
    assert "Who gets the tag buyer" in page.text_of("#by-itself")
    assert "New leads" in page.text_of("#by-itself")
    chosen = Selection(ids=(maya.contact.id,))
    with unit_of_work():
        contacts.tag_contacts(northside.tenant, chosen, "buyer", actor=ALICE_ACTS)
    [place] = people.of_person(maya.contact)
    assert place.place.source is Source.TAG
    for one in triggers.triggers(northside.tenant):
        alice.post("drips.drop_trigger", 303, trigger_id=one.id, **HERE)
    assert kept(northside) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"source": "tag", "tag": ""}, "write one tag"),
        ({"source": "form", "form": "x"}, "choose one of the list"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(alice, northside, data, said):
    drip = make_drip(northside)
    page = alice.follow(alice.post("drips.add_trigger", 303, data, drip_id=drip.id, **HERE))
    assert said in page.text_of("#flash").lower()
    assert kept(northside) == []


def test_an_unknown_source_a_stranger_and_an_officer_add_nothing(alice, vera, mallory, northside):
    drip = make_drip(northside)
    alice.post("drips.add_trigger", 400, {"source": "moon"}, drip_id=drip.id, **HERE)
    vera.post("drips.add_trigger", 403, {"source": "lead"}, drip_id=drip.id, **HERE)
    mallory.post("drips.add_trigger", 404, {"source": "lead"}, drip_id=drip.id, **HERE)
    alice.post("drips.drop_trigger", 404, trigger_id=cast.BOB, **HERE)
    assert kept(northside) == []
