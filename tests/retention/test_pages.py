"""Pages of officers: erasing, holding, terms, reassigned numbers, and the signed log."""

import io

from portal.consent.models import ConsentRecord
from portal.core import checkpoints
from portal.core.db import db
from portal.core.offline.notes import read_note
from portal.retention import queries
from portal.retention.models import LegalHold
from tests.factories.consent import CAROL, written


def test_an_officer_reports_and_then_erases(vera, juniper, northside):
    here = {"organization_id": juniper.id}
    written(northside, name="Carol Diaz")
    vera.get("retention.erasures", **here)
    bad = vera.post("retention.request_erasure", status=422, data={"phone": "12"}, **here)
    assert "area code" in bad.text
    assert "Say what the person asked for." in bad.text
    asked = {"phone": "(312) 555-0142", "reason": "asked by letter", "evidence": "folder 12"}
    reply = vera.post("retention.request_erasure", status=303, data=asked, **here)
    shown = vera.follow(reply)
    assert "Nothing is gone yet" in shown.text
    assert "consent records redacted" in shown.text

    [found] = queries.erasures(juniper.id)
    where = {**here, "erasure_id": found.id}
    file = vera.get("retention.erasure_report", **where)
    assert "consent records redacted,1" in file.data.decode()
    done = vera.follow(vera.post("retention.erase", status=303, **where))
    assert "number ending in 42" in done.text
    assert db.session.scalars(db.select(ConsentRecord.name)).one() == ""
    vera.get("retention.erasures", **here)


def test_a_hold_needs_two_persons_on_the_pages_too(vera, alice, juniper, northside):
    here = {"organization_id": juniper.id}
    vera.post("retention.set_hold", status=422, data={"phone": "x", "reason": ""}, **here)
    vera.post("retention.set_hold", status=303, data={"phone": CAROL, "reason": "claim"}, **here)
    hold_id = db.session.scalars(db.select(LegalHold.id)).one()
    where = {**here, "hold_id": hold_id}
    vera.get("retention.hold", **where)
    vera.post("retention.ask_release", status=422, data={"reason": ""}, **where)
    vera.post("retention.ask_release", status=303, data={"reason": "settled"}, **where)
    assert "You asked for this" in vera.get("retention.hold", **where).text
    vera.post("retention.release", status=409, **where)
    assert "Agree and release" in alice.get("retention.hold", **where).text
    alice.post("retention.release", status=303, **where)
    assert "Released" in alice.get("retention.keeping", **here).text


def test_terms_are_set_and_a_short_one_is_refused_beside_its_field(vera, alice, juniper):
    here = {"organization_id": juniper.id}
    days = {kind.value: count for kind, count in queries.policy(juniper.id, _today()).days.items()}
    vera.get("retention.keeping", **here)
    reply = vera.post("retention.set_terms", status=422, data={**days, "consent": "100"}, **here)
    assert "keep them 1,827 days at least" in reply.text
    vera.post("retention.set_terms", status=422, data={**days, "texts": "many"}, **here)
    vera.post("retention.set_terms", status=303, data={**days, "callbacks": "30"}, **here)
    assert "by Vera" in alice.get("retention.keeping", **here).text


def _today():
    from portal.core.clock import utcnow

    return utcnow().date()


def test_a_dry_run_is_shown_and_downloaded(vera, juniper):
    here = {"organization_id": juniper.id}
    shown = vera.follow(vera.post("retention.dry_run", status=303, **here))
    assert "Nothing is gone yet" in shown.text
    [found] = queries.sweeps(juniper.id)
    file = vera.get("retention.sweep_report", sweep_id=found.id, **here)
    assert file.data.decode().startswith("what,count")


def test_the_question_is_downloaded_and_the_answer_taken_in(vera, juniper, northside, clock):
    here = {"organization_id": juniper.id}
    written(northside, given_at=clock.now)
    vera.get("retention.reassigned", **here)
    question = vera.post("retention.question", status=200, **here)
    assert "3125550142," in question.data.decode()
    bad = {"file": (io.BytesIO(b"nothing here"), "a.csv")}
    reply = vera.post("retention.take_answer", status=422, data=bad, **here)
    assert "Line 1" in reply.text or "no answer" in reply.text
    good = {"file": (io.BytesIO(b"3125550142,yes\n"), "a.csv")}
    assert (
        "1 consent ended"
        in vera.follow(vera.post("retention.take_answer", status=303, data=good, **here)).text
    )


def test_the_log_is_signed_downloaded_and_checked_from_the_pages(vera, juniper, tmp_path):
    from portal.core.offline import __main__ as offline

    here = {"organization_id": juniper.id}
    vera.post("retention.set_hold", status=303, data={"phone": "", "reason": "claim"}, **here)
    vera.get("consent.audit_checkpoints", **here)
    shown = vera.follow(vera.post("consent.sign_audit_log", status=303, **here))
    assert checkpoints.public_key() in shown.text
    [kept] = checkpoints.listed(juniper.id)
    note = vera.get("consent.audit_checkpoint", checkpoint_id=kept.id, **here)
    assert read_note(note.data.decode()) == kept.note
    vera.get("consent.audit_stamp", status=404, checkpoint_id=kept.id, **here)
    log = vera.post("consent.export_audit_log", status=200, **here)
    (tmp_path / "log").write_bytes(log.data)
    assert offline.main([str(tmp_path / "log"), "--key", checkpoints.public_key()]) == 0
    assert (
        "held against 1 checkpoint"
        in vera.get("consent.audit_log", query={"check": 1}, **here).text
    )
