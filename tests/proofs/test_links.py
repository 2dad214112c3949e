"""Links that show one proof without a login (C-12)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.consent.service import evidence
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.proofs import queries
from portal.proofs.models import SharedLink, SharedLinkVisit
from portal.proofs.service import sharing
from tests.factories import consent as make
from tests.factories import proofs


@pytest.fixture
def carol(northside):
    return make.written(northside)


@pytest.fixture
def shared(northside, carol):
    """A link to Carol's record, with its token."""
    return proofs.share(northside, record_id=carol)


def test_a_link_shows_one_record_to_somebody_without_a_login(anyone, shared):
    _, token = shared

    reply = anyone.get("proofs.shared", token=token)

    assert reply.text_of("h1") == "Carol Reyes"
    assert "Consent is not a condition of purchase." in reply.text_of("#seen")
    assert "Casey Ito, counsel" in reply.text
    assert reply.page.select("a[href*='/accounts/']") == []
    assert "noindex" in reply.headers["X-Robots-Tag"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in reply.headers


def test_the_page_that_was_served_is_framed_there_too(anyone, northside):
    kept = evidence.store_page("<h1>Open house</h1>", "page.html")
    record = make.written(northside, evidence=kept)
    _, token = proofs.share(northside, record_id=record)

    [frame] = anyone.get("proofs.shared", token=token).page.select("iframe")

    assert b"Open house" in anyone.client.get(frame["src"]).data
    assert b"Open house" in anyone.get("proofs.shared_evidence", token=token).data


def test_its_certificate_is_there_in_both_forms(anyone, shared):
    _, token = shared
    assert anyone.get("proofs.shared_pdf", token=token).data.startswith(b"%PDF")
    assert b"consentdesk-certificate-1" in anyone.get("proofs.shared_json", token=token).data


def test_each_opening_is_written_down_and_shown_to_who_shared_it(alice, anyone, northside, shared):
    link, token = shared
    anyone.open("GET", f"/shared/{token}", headers={"User-Agent": "Counsel/1.0"})
    anyone.get("proofs.shared_json", token=token)

    reply = alice.get("proofs.link", account_id=northside.id, link_id=link.id)

    assert "2 times" in reply.text_of("#visits")
    assert "Counsel/1.0" in reply.text_of("#visits")
    assert "127.0.0.1" in reply.text_of("#visits")
    events = db.session.scalars(
        select(AuditEntry.actor_label).where(AuditEntry.event == "proofs:link:open")
    ).all()
    assert events == ["link for Casey Ito, counsel"] * 2


def test_over_revoked_and_unknown_are_one_answer(anyone, alice, northside, carol, clock):
    link, revoked = proofs.share(northside, record_id=carol)
    alice.post("proofs.revoke", account_id=northside.id, link_id=link.id)
    _, over = proofs.share(northside, record_id=carol, days=7)
    clock.travel(by=timedelta(days=7, seconds=1))
    said = {
        (reply.status, reply.text, tuple(sorted(reply.headers.keys())))
        for token in (revoked, over, "A" * 43, "x")
        for endpoint in ("shared", "shared_pdf", "shared_json", "shared_evidence", "shared_bundle")
        for reply in [anyone.get(f"proofs.{endpoint}", 404, token=token)]
    }
    assert len(said) == 1
    assert db.session.scalars(select(SharedLinkVisit)).all() == []


def test_the_token_is_kept_nowhere(shared, northside):
    _, token = shared
    assert len(token) == 43
    row = db.session.scalars(select(SharedLink)).one()
    assert row.token_hash == queries.hash_of(token)
    assert token not in repr([e.payload for e in db.session.scalars(select(AuditEntry))])


def test_it_is_shown_once_when_it_is_made(alice, anyone, northside, carol):
    where = {"account_id": northside.id, "record": carol}
    form = alice.get("proofs.new_link", **where)
    assert "The consent of Carol Reyes" in form.text

    made = alice.post("proofs.share", data={"shared_with": "FCC", "days": "7"}, **where)

    address = made.text_of("#address")
    assert "Carol Reyes" in anyone.open("GET", address.removeprefix("http://localhost")).text
    assert address not in alice.get("proofs.links", account_id=northside.id).text


def test_who_is_not_named_gets_no_link(alice, northside, carol):
    where = {"account_id": northside.id, "record": carol}
    reply = alice.post("proofs.share", 422, data={"shared_with": " ", "days": "7"}, **where)
    assert "Say who gets the link" in reply.text
    alice.post("proofs.share", 422, data={"shared_with": "FCC", "days": "9000"}, **where)
    alice.get("proofs.new_link", 400, account_id=northside.id)
    assert db.session.scalars(select(SharedLink)).all() == []


def test_a_link_shows_nothing_but_its_own(anyone, northside, carol, shared):
    _, token = shared
    anyone.get("proofs.shared_bundle", 404, token=token)
    anyone.get("proofs.shared_page", 404, token=token)
    anyone.get("proofs.shared_evidence", 404, token=token)


def test_nobody_shares_what_belongs_to_another_organization(mallory, lakeview, northside, shared):
    link, _ = shared
    record = link.record_id
    where = {"account_id": lakeview.id, "record": record}
    mallory.get("proofs.new_link", 404, **where)
    mallory.post("proofs.share", 404, data={"shared_with": "me", "days": "7"}, **where)
    mallory.get("proofs.link", 404, account_id=lakeview.id, link_id=link.id)
    mallory.post("proofs.revoke", 404, account_id=lakeview.id, link_id=link.id)
    assert queries.link_or_404(northside.tenant, link.id).revoked_at is None


def test_an_agent_shares_from_an_account_of_their_own_alone(bob, northside, bobs):
    there = make.written(northside)
    own = make.written(bobs)
    bob.get("proofs.new_link", 403, account_id=northside.id, record=there)
    bob.get("proofs.new_link", account_id=bobs.id, record=own)


def test_taking_a_link_back_twice_is_once(northside, shared):
    link, _ = shared
    with unit_of_work():
        assert sharing.revoke(northside.tenant, link.id, actor=proofs.ALICE_ACTS)
    with unit_of_work():
        assert not sharing.revoke(northside.tenant, link.id, actor=proofs.ALICE_ACTS)


def test_a_bundle_is_shown_and_handed_over(anyone, northside, carol):
    bundle = proofs.bundle(northside, f"{make.CAROL}\n{make.DAVE}")
    _, token = proofs.share(northside, bundle_id=bundle.id)

    reply = anyone.get("proofs.shared", token=token)

    assert reply.text_of("h1") == "Carrier appeal"
    assert "(312) 555-0143" in reply.text
    url = anyone.url("proofs.shared_bundle", token=token)
    assert anyone.open("GET", url, buffered=True).data.startswith(b"PK")
