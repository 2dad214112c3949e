"""What was sent, what came back and what was said, in the browser (A-5, A-6)."""

import io
from datetime import timedelta

import pytest

from portal.appeals import queries
from portal.appeals.service import sending
from portal.appeals.values import FileKind, State
from portal.core.db import unit_of_work
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountState
from tests import cast
from tests.appeals.conftest import TODAY, VERA, support
from tests.factories.files import picture
from workers import appeals as work

pytestmark = pytest.mark.pages


def where(case):
    return {"account_id": case.account_id, "case_id": case.id}


def keep(browser, case, status=303, **fields):
    edits = queries.case_or_404(case.tenant, case.id).edits
    data = {"edits": edits, "received_on": TODAY.isoformat(), "text": "Ticket 4711", **fields}
    return browser.post("appeals.keep_reply", status, data=data, **where(case))


def test_from_the_files_by_hand_to_the_reinstatement(vera, bob, sent):
    page = bob.get("appeals.carrier", **where(sent))
    assert "To be sent by hand" in page.text_of("#sent")
    assert not page.page.select(
        "#reply, #sending-1 form"
    )  # an agent writes; leads and officers send
    assert page.page.select("#say form")

    sent_by_hand = {"number": 1, **where(sent)}
    refused = vera.post(
        "appeals.sent_by_hand", 422, data={"sent_on": "", "note": "x"}, **sent_by_hand
    )
    assert "Give the day it was sent." in refused.text_of("#sending-1")
    vera.post(
        "appeals.sent_by_hand",
        303,
        data={"sent_on": TODAY.isoformat(), "note": "Ticket 4711"},
        **sent_by_hand,
    )
    again = vera.post(
        "appeals.sent_by_hand",
        409,
        data={"sent_on": TODAY.isoformat(), "note": "Ticket 4711"},
        **sent_by_hand,
    )
    assert "Sent by hand" in again.text_of("#sent")
    assert "went to the carrier already" in again.text_of("#not-done")
    assert again.page.select_one("#not-done input")["value"] == "Ticket 4711"

    lacking = keep(vera, sent, 422, kind="information", asked="Twenty samples")
    assert "Give the day by which they want the answer." in lacking.text_of("#reply")
    assert "Twenty samples" in lacking.text_of("#reply")  # nothing typed is lost
    due = (TODAY + timedelta(days=3)).isoformat()
    theirs = (io.BytesIO(picture()), "their question.png")
    keep(vera, sent, kind="information", asked="Twenty samples", due_on=due, reply_file=theirs)
    shown = bob.get("appeals.carrier", **where(sent))
    assert "Twenty samples" in shown.text_of("#replies")
    assert shown.page.select("#replies img")

    support()
    edits = queries.case_or_404(sent.tenant, sent.id).edits
    vera.post("appeals.answer", 303, data={"edits": edits, "words": "Here they are"}, **where(sent))
    twice = vera.post("appeals.answer", 409, data={"edits": edits, "words": "Twice"}, **where(sent))
    assert "Somebody was faster" in twice.text_of("#not-done")
    assert twice.text_of("#not-done textarea[readonly]") == "Twice"
    keep(vera, sent, kind="reinstated")
    over = vera.get("appeals.carrier", **where(sent))
    assert not over.page.select("#reply, #answer")
    assert accounts.get_or_404(sent.tenant).state is AccountState.ACTIVE
    assert "The carrier writes" in over.text_of("#history")


def test_two_letters_that_wait_to_be_sent_by_hand_share_no_id(vera, sent):
    with unit_of_work():
        second = sending.request(sent, actor=VERA, words="More of it")
    assert work.send_appeal(str(second.id))
    refused = vera.post(
        "appeals.sent_by_hand", 422, data={"sent_on": "", "note": "x"}, number=2, **where(sent)
    )
    ids = [one["id"] for one in refused.page.select("[id]")]
    assert {one: ids.count(one) for one in ids if ids.count(one) > 1} == {}
    assert len(refused.page.select("label[for^=sent_on-]")) == 2
    assert "Give the day it was sent." in refused.text_of("#sending-2")
    assert "Give the day it was sent." not in refused.text_of("#sending-1")


def test_a_denial_leads_to_the_next_round(vera, sent):
    second = vera.follow(keep(vera, sent, kind="denied"))
    assert "round 2" in second.text
    late = keep(vera, sent, 409, kind="denied")
    assert late.text_of("#not-done textarea") == "Ticket 4711"  # nothing typed is lost


def test_what_a_form_never_sends_is_refused(vera, sent):
    for fields in (
        {"kind": "granted"},
        {"received_on": "soon"},
        {"edits": "many"},
        {"reply_file": (io.BytesIO(b"MZ not a picture"), "reply.exe")},
    ):
        keep(vera, sent, 422, **{"kind": "denied", **fields})
    assert queries.case_or_404(sent.tenant, sent.id).state is State.SUBMITTED


def test_comments_are_kept_with_files_and_notices(vera, bob, alice, sent):
    bob.post("appeals.comment", 422, data={"comment": "  "}, **where(sent))
    reply = bob.post(
        "appeals.comment",
        303,
        data={"comment": "@Vera Okafor look", "comment_file": (io.BytesIO(picture()), "note.png")},
        **where(sent),
    )
    page = bob.follow(reply)
    assert "Vera Okafor gets a notice." in page.text
    assert "@Vera Okafor look" in page.text_of("#history")
    assert "note.png" in page.text_of("#notes")
    assert any(file.kind is FileKind.NOTE for file in queries.files(sent))


def test_who_may_not_send_finds_no_way(bob, mallory, anyone, sent):
    for endpoint, more in (
        ("keep_reply", {}), ("answer", {}), ("sent_by_hand", {"number": 1}),
    ):  # fmt: skip
        bob.post(f"appeals.{endpoint}", 403, data={}, **where(sent), **more)
        mallory.post(f"appeals.{endpoint}", 404, data={}, **where(sent), **more)
    mallory.get("appeals.carrier", 404, **where(sent))
    bob.get("appeals.settings", 403, organization_id=cast.JUNIPER)


def test_officers_say_where_appeals_go(vera, alice):
    here = {"organization_id": cast.JUNIPER}
    alice.get("appeals.settings", 403, **here)
    assert "somebody downloads each appeal" in vera.get("appeals.settings", **here).text
    good = {
        "edits": 0,
        "support_address": "help@carrier.example",
        "answer_days": 3,
        "round_days": 4,
    }
    wrong = vera.post("appeals.settings", 422, data={**good, "support_address": "help"}, **here)
    assert "not an e-mail address" in wrong.text_of("#settings")
    vera.post("appeals.settings", 303, data=good, **here)
    vera.post("appeals.settings", 409, data=good, **here)
    vera.post("appeals.settings", 409, data={**good, "edits": 10**30}, **here)
    assert queries.settings_of(cast.JUNIPER).answer_days == 3
