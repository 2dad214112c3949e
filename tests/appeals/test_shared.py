"""A link shows one appeal to an auditor or counsel without a login, and nothing said among us (C-12)."""

import io
from datetime import timedelta

from portal.appeals import queries
from portal.appeals.values import FileKind
from portal.proofs import queries as proofs
from tests.factories.files import picture


def where(case):
    return {"account_id": case.account_id, "case_id": case.id}


def test_a_link_shows_one_appeal_is_logged_ends_and_is_taken_back(vera, bob, anyone, sent, clock):
    bob.post(
        "appeals.comment",
        303,
        data={"comment": "Between us", "comment_file": (io.BytesIO(picture()), "note.png")},
        **where(sent),
    )
    vera.get("appeals.share", **where(sent))
    assert "Say who gets" in vera.post("appeals.share", 422, data={"days": "7"}, **where(sent)).text
    made = vera.post("appeals.share", data={"shared_with": "Casey Ito", "days": "7"}, **where(sent))
    token = made.text_of("#address").rpartition("/")[2]

    lead = anyone.get("proofs.shared", 303, token=token)
    page = anyone.follow(lead)
    assert page.text_of("h1") == "Appeal of Bob Tran"
    assert "https://juniper.example/join" in page.text
    assert page.page.select("a[href*='/accounts/'], form") == []
    assert "Between us" not in page.text and "note.png" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    kept = {file.kind: file for file in queries.files(sent)}
    reply = anyone.get("appeals.shared_file", token=token, attachment_id=kept[FileKind.PDF].id)
    assert reply.data == b"%PDF-1.7 frozen"
    anyone.get("appeals.shared_file", 404, token=token, attachment_id=kept[FileKind.NOTE].id)
    anyone.get("proofs.shared_bundle", 404, token=token)
    anyone.get("proofs.shared_pdf", 404, token=token)

    [link], _ = proofs.links(sent.tenant, "", 10)
    assert [visit.what for visit in proofs.visits(link)][-2:] == ["file appeal.pdf", "page"]
    assert "An appeal" in vera.get("proofs.link", account_id=sent.account_id, link_id=link.id).text
    clock.travel(by=timedelta(days=8))
    anyone.get("appeals.shared", 404, token=token)
    anyone.get("appeals.shared_file", 404, token=token, attachment_id=kept[FileKind.PDF].id)


def test_a_link_that_was_taken_back_shows_nothing(vera, anyone, bob, sent):
    made = vera.post("appeals.share", data={"shared_with": "Casey", "days": "7"}, **where(sent))
    token = made.text_of("#address").rpartition("/")[2]
    [link], _ = proofs.links(sent.tenant, "", 10)
    vera.post("proofs.revoke", 303, account_id=sent.account_id, link_id=link.id)
    anyone.get("appeals.shared", 404, token=token)
    anyone.get("appeals.shared", 404, token="x" * 43)
