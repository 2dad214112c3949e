"""Pages of consent, as each role sees and uses them."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from portal.consent import queries, rules
from portal.consent import service as consent
from portal.consent.errors import EvidenceRefused
from portal.consent.service import evidence
from portal.consent.values import Method, Strength
from portal.contacts import service as contacts
from portal.contacts.values import ContactDetails, NewNumber
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.texting_accounts.models import AccountMember
from tests import cast
from tests.factories import consent as make
from tests.factories.consent import CAROL, DAVE
from tests.factories.files import pdf, picture

PNG = picture()


@pytest.fixture
def here(northside):
    return {"account_id": northside.id}


def entry(**values):
    return {
        "phone": "(312) 555-0142",
        "method": "paper",
        "method_details": "Guest book at the open house",
        "kinds": ["one_to_one", "marketing"],
    } | values


def test_an_empty_account_is_told_what_belongs_here(alice, here):
    reply = alice.get("consent.index", **here)

    assert "No consent recorded yet" in reply.text


def test_the_list_shows_person_strength_and_method(alice, northside, here):
    make.written(northside)

    reply = alice.get("consent.index", **here)

    assert reply.texts_of("#records .datatable__name") == ["Carol Reyes"]
    assert "(312) 555-0142" in reply.text
    assert "Express written" in reply.text_of("#records tbody")
    assert "Hosted form" in reply.text_of("#records tbody")


def test_the_officer_sees_how_far_each_account_is_covered(vera, northside, bobs, juniper):
    """C-1: over the whole organization, from the officer's home."""
    make.written(northside)
    make.bought(northside, DAVE)
    make.spoken(bobs)
    home = vera.get("reports.home")
    address = vera.url("consent.organization_coverage", organization_id=juniper.id)
    assert home.page.select(f"a[href$='{address}']")

    rows = vera.get("consent.organization_coverage", organization_id=juniper.id).texts_of(
        "#coverage tbody tr"
    )

    assert "Bob Tran 1 number 100 % 0 1 0 0 0" in rows
    assert "Northside 2 numbers 50 % 1 0 0 1 0" in rows


def test_an_agent_sees_the_coverage_of_reached_accounts_alone(bob, northside, juniper):
    make.written(northside)
    with unit_of_work():
        db.session.query(AccountMember).filter_by(user_id=cast.BOB).delete()
    reply = bob.get("consent.organization_coverage", organization_id=juniper.id)
    assert reply.texts_of("#coverage tbody .datatable__name") == ["Bob Tran"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "carol"}, 1),
        ({"q": "REYES"}, 1),
        ({"q": "(312) 555-0142"}, 1),
        ({"q": "5550142"}, 1),
        ({"q": "nobody"}, 0),
        ({"q": "9995550000"}, 0),
        ({"method": "hosted_form"}, 1),
        ({"method": "paper"}, 0),
        ({"strength": "express_written"}, 1),
        ({"strength": "none"}, 0),
    ],
)
def test_records_are_found_by_name_phone_method_and_strength(alice, northside, here, query, found):
    make.written(northside)

    reply = alice.htmx.get("consent.index", query=query, **here)

    assert reply.is_partial
    assert len(reply.texts_of(".datatable__name")) == found


@pytest.mark.parametrize(
    "query", [{"method": "telepathy"}, {"strength": "much"}, {"after": "x"}, {"q": "x" * 500}]
)
def test_a_damaged_filter_names_its_field(alice, here, query):
    reply = alice.get("consent.index", status=400, query=query, **here)

    assert next(iter(query)) in reply.text or "damaged" in reply.text


def test_pages_of_records_follow_each_other_without_gaps(alice, northside, here, clock):
    for number in range(55):
        make.spoken(northside, f"+131255501{number:02}", name=f"Person {number}")
        clock.travel(by=timedelta(seconds=1))

    first = alice.get("consent.index", **here)
    second = alice.open("GET", first.page.select_one("a[rel=next]")["href"])

    seen = first.texts_of(".datatable__name") + second.texts_of(".datatable__name")
    assert len(seen) == len(set(seen)) == 55


def test_a_record_tells_its_story_and_names_what_is_missing(alice, northside, here):
    record = make.written(northside, source_url="https://juniper.example/join")

    reply = alice.get("proofs.record", record_id=record, **here)

    assert "I agree to receive recurring texts" in reply.text_of("#seen")
    assert "Ticked by the person" in reply.text_of("#seen")
    assert "https://juniper.example/join" in reply.text_of("#seen")
    assert "Missing: Postal address" in reply.text_of("#completeness")
    assert "Done: Disclosure text" in reply.text_of("#completeness")
    assert "Unchanged" in reply.text_of("#evidence")
    assert "rest on this record" in reply.text_of("#standing")


def test_a_record_that_was_changed_behind_the_portal_is_exposed(alice, northside, here):
    record = make.written(northside)
    db.session.execute(db.text("UPDATE consent_records SET name = 'Somebody Else'"))
    db.session.commit()

    reply = alice.get("proofs.record", record_id=record, **here)

    assert "This record is not what was logged." in reply.text


def test_a_paper_with_its_scan_is_express_written(alice, northside, here):
    reply = alice.post(
        "consent.record_entered",
        data=entry(scan=(io.BytesIO(PNG), "sheet.png"), given_at="2026-03-01T15:30"),
        **here,
    )

    page = alice.follow(reply)
    [record] = queries.records(northside.tenant, CAROL)
    assert "Consent recorded." in page.text
    assert (record.method, record.strength) == (Method.PAPER, Strength.EXPRESS_WRITTEN)
    assert record.given_at.isoformat() == "2026-03-01T21:30:00+00:00"  # 15:30 in Chicago
    assert record.is_staff_entry
    assert record.collected_by == "Alice Moreno"


def test_evidence_comes_only_as_a_download(alice, northside, here):
    alice.post("consent.record_entered", data=entry(scan=(io.BytesIO(PNG), "Blatt ä.png")), **here)
    [record] = queries.records(northside.tenant, CAROL)

    reply = alice.get("consent.evidence", record_id=record.id, **here)

    assert reply.data == PNG
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in reply.headers["Content-Security-Policy"]


def test_the_picture_of_a_scan_is_shown_without_what_else_was_in_it(alice, northside, here):
    told = Image.Exif()
    told[0x010F] = "SecretCamera"
    photo = picture("JPEG", exif=told) + b"<script>alert(1)</script>"
    alice.post("consent.record_entered", data=entry(scan=(io.BytesIO(photo), "sheet.jpg")), **here)
    [record] = queries.records(northside.tenant, CAROL)

    page = alice.get("proofs.record", record_id=record.id, **here)
    shown = alice.open("GET", page.page.select_one(".evidence__picture img")["src"])

    assert b"SecretCamera" not in shown.data
    assert b"script" not in shown.data
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert alice.get("consent.evidence", record_id=record.id, **here).data == photo
    assert photo not in evidence.path_of(record.evidence.name).read_bytes()  # sealed at rest


def test_a_pdf_is_never_shown(alice, northside, here):
    alice.post("consent.record_entered", data=entry(scan=(io.BytesIO(pdf()), "a.pdf")), **here)
    [record] = queries.records(northside.tenant, CAROL)

    assert not alice.get("proofs.record", record_id=record.id, **here).page.select(
        ".evidence__picture"
    )
    alice.get("consent.picture", status=404, record_id=record.id, **here)


def test_an_iphone_picture_is_refused_with_the_way_on(alice, here):
    heic = b"\0\0\0\x18ftypheic" + b"\0" * 40
    reply = alice.post(
        "consent.record_entered",
        status=422,
        data=entry(scan=(io.BytesIO(heic), "IMG_1.HEIC"), recording_note="On my phone"),
        **here,
    )

    assert "HEIC picture" in reply.text_of("#scan-error")
    assert "Save or export it as JPEG" in reply.text_of("#scan-error")
    assert reply.field("recording_note") == "On my phone"


def test_a_recording_note_stands_for_the_recording(alice, northside, here):
    note = "Voicemail of 1 March, kept in the phone system as 0301-22."
    alice.post("consent.record_entered", data=entry(method="verbal", recording_note=note), **here)
    [record] = queries.records(northside.tenant, CAROL)

    page = alice.get("proofs.record", record_id=record.id, **here)

    assert f"Recording note: {note}" in page.text
    assert record.strength is Strength.EXPRESS
    assert "scan or recording" not in rules.completeness(record).missing


def test_a_paper_without_a_scan_is_express(alice, northside, here):
    alice.post("consent.record_entered", data=entry(), **here)

    [record] = queries.records(northside.tenant, CAROL)
    assert record.strength is Strength.EXPRESS


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"phone": ""}, "phone", "Enter the phone number"),
        ({"phone": "555-0142"}, "phone", "area code"),
        ({"phone": "call office"}, "phone", "not a phone number"),
        ({"method_details": ""}, "method_details", "Say where and how"),
        ({"given_at": "2026-03-09T10:00"}, "given_at", "future"),
        ({"given_at": "0001-01-01T00:00"}, "given_at", "year"),
        ({"given_at": "9999-12-31T23:59"}, "given_at", "year"),
        ({"given_at": "soon"}, "given_at", ""),
        ({"email": "nonsense"}, "email", "name@example.com"),
        ({"method": "telepathy"}, "method", ""),
        ({"kinds": []}, "kinds", "Tick what"),
        ({"name": "x" * 300}, "name", "200 characters"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_field_and_kept(
    alice, northside, here, change, field, said
):
    reply = alice.post(
        "consent.record_entered", status=422, data=entry(name="Carol") | change, **here
    )

    errors = reply.texts_of(".field__error")
    assert errors, field
    assert any(said in error for error in errors)
    assert reply.page.select_one(f"#{field}-error")
    if "method_details" not in change:
        assert "Guest book" in reply.field("method_details")
    assert queries.records(northside.tenant, CAROL) == []


def test_a_scan_that_is_none_is_refused_and_nothing_kept(alice, northside, here):
    reply = alice.post(
        "consent.record_entered",
        status=422,
        data=entry(scan=(io.BytesIO(b"<svg onload=alert(1)>"), "sheet.png")),
        **here,
    )

    assert "drawing or a web page" in reply.text_of("#scan-error")
    assert queries.records(northside.tenant, CAROL) == []


def test_pressing_the_button_twice_records_once(alice, northside, here):
    form = alice.get("consent.enter", **here)
    key = form.field("request_key")

    before = set(evidence.path_of("").glob("*"))
    for _ in range(2):
        scan = (io.BytesIO(pdf()), "sheet.pdf")
        alice.post("consent.record_entered", data=entry(request_key=key, scan=scan), **here)

    [record] = queries.records(northside.tenant, CAROL)
    kept = [path.name for path in set(evidence.path_of("").glob("*")) - before]
    assert kept == [record.evidence.name], "no scan lies about that is nobody's evidence"


def test_the_form_goes_back_to_a_page_of_the_same_account_only(alice, northside, here):
    inside = f"/accounts/{northside.id}/contacts"
    reply = alice.post("consent.record_entered", data=entry(next=inside), **here)
    assert reply.location == inside

    reply = alice.post("consent.record_entered", data=entry(next="https://evil.example/"), **here)
    assert "evil" not in reply.location


def test_an_agent_cannot_undo_an_opt_out_and_is_told_who_can(bob, northside, here, clock):
    make.stop(northside, at=clock.now)

    reply = bob.post("consent.record_entered", status=422, data=entry(), **here)

    assert "compliance officer" in reply.text_of("#phone-error")
    assert queries.standing(northside.tenant, CAROL).opted_out_at is not None


def test_an_officer_may_undo_an_opt_out_with_newer_evidence_only(vera, northside, here, clock):
    """Q-2."""
    make.stop(northside, at=clock.now)
    clock.travel(by=timedelta(minutes=20))

    without = vera.post("consent.record_entered", status=422, data=entry(), **here)
    older = vera.post(
        "consent.record_entered",
        status=422,
        data=entry(scan=(io.BytesIO(PNG), "a.png"), given_at="2026-03-02T11:00"),
        **here,
    )
    vera.post(
        "consent.record_entered",
        data=entry(scan=(io.BytesIO(PNG), "a.png"), given_at="2026-03-02T12:15"),
        **here,
    )

    assert "Attach the evidence" in without.text_of("#scan-error")
    assert "later than the opt-out" in older.text_of("#scan-error")
    assert queries.standing(northside.tenant, CAROL).opted_out_at is None


def test_numbers_go_on_the_do_not_contact_list_and_off_again(alice, northside, here):
    alice.post(
        "consent.add_do_not_contact",
        data={"phone": "312-555-0143", "reason": "asked by letter"},
        **here,
    )
    listed = alice.get("consent.do_not_contact", **here)
    assert "(312) 555-0143" in listed.text
    assert "asked by letter" in listed.text
    assert queries.standing(northside.tenant, DAVE).dnc_at is not None

    alice.post("consent.remove_do_not_contact", data={"phone": DAVE}, **here)
    assert queries.standing(northside.tenant, DAVE).dnc_at is None


def test_an_agent_may_add_to_the_list_but_not_take_off(bob, here):
    bob.post("consent.add_do_not_contact", data={"phone": DAVE, "reason": "a letter"}, **here)

    bob.post("consent.remove_do_not_contact", status=403, data={"phone": DAVE}, **here)


@pytest.mark.parametrize(
    "data", [{"phone": "", "reason": "x"}, {"phone": "12345", "reason": "x"}, {"phone": DAVE, "reason": ""}]
)  # fmt: skip
def test_a_wrong_number_for_the_list_is_refused_by_its_field(alice, here, data):
    reply = alice.post("consent.add_do_not_contact", status=422, data=data, **here)

    assert reply.texts_of(".field__error")


def test_the_audit_log_tells_who_did_what_and_that_the_chain_holds(alice, northside, juniper):
    make.written(northside)

    reply = alice.get("consent.audit_log", organization_id=juniper.id)

    assert "The chain holds." in reply.text
    assert "Consent recorded in Northside" in reply.text_of("#audit-entries tbody")
    assert "Bob Tran" in reply.text_of("#audit-entries tbody")


def test_the_audit_log_names_the_first_bad_entry(alice, northside, juniper):
    make.written(northside)
    make.spoken(northside, DAVE)
    db.session.execute(
        db.text("UPDATE audit_entries SET actor_label = 'Nobody' WHERE position = 2")
    )
    db.session.commit()

    reply = alice.get("consent.audit_log", organization_id=juniper.id)

    assert "tampered with at entry 2" in reply.text


def test_the_audit_log_is_paged_by_position(alice, northside, juniper):
    for number in range(60):
        make.spoken(northside, f"+131255502{number:02}")

    first = alice.get("consent.audit_log", organization_id=juniper.id)
    second = alice.open("GET", first.page.select_one("a[rel=next]")["href"])

    assert "Entries" in second.text
    alice.get("consent.audit_log", status=400, query={"before": "x"}, organization_id=juniper.id)


VIEWERS = {"alice": 200, "bob": 200, "vera": 200, "pat": 404, "mallory": 404}


@pytest.mark.parametrize("who", VIEWERS)
@pytest.mark.parametrize("endpoint", ["index", "do_not_contact", "enter", "imports"])
def test_who_may_open_the_pages_of_an_account(request, who, endpoint, here):
    browser = request.getfixturevalue(who)
    browser.get(f"consent.{endpoint}", status=VIEWERS[who], **here)


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 403), ("vera", 200), ("mallory", 404)]
)
def test_who_may_read_the_audit_log(request, who, status, juniper):
    request.getfixturevalue(who).get("consent.audit_log", status=status, organization_id=juniper.id)


def test_a_record_of_another_account_is_not_there(alice, northside, bobs, lakeview, here):
    for elsewhere in (bobs, lakeview):
        record = make.written(elsewhere)
        alice.get("proofs.record", status=404, record_id=record, **here)
        alice.get("consent.evidence", status=404, record_id=record, **here)


def test_the_form_is_filled_with_what_is_known_of_the_contact(alice, northside, here):
    with unit_of_work():
        contacts.create_contact(
            northside.tenant,
            ContactDetails(
                first_name="Carol",
                last_name="Reyes",
                email="carol@example.com",
                street="44 Briar St",
                city="Austin",
                state="TX",
                zip="78701",
                numbers=(NewNumber("(312) 555-0142"),),
            ),
            actor=make.AGENT,
        )

    form = alice.get("consent.enter", query={"phone": CAROL, "method": "agent_stated"}, **here)

    assert form.field("phone") == "(312) 555-0142"
    assert form.field("name") == "Carol Reyes"
    assert form.field("postal_address") == "44 Briar St, Austin, TX 78701"
    assert form.field("method") == "agent_stated"
    make.stop(northside, at=utcnow())
    assert "Carol Reyes" in alice.get("consent.index", **here).text_of("#records tbody")
    marks = alice.get("contacts.index", **here).text
    assert "Opted out" in marks


@pytest.mark.parametrize(
    ("content", "said"), [(b"", None), (b"%PDF-" + b"0" * 10_000_001, "larger than 10 MB")]
)
def test_scans_that_are_empty_or_too_large(content, said, app):
    with pytest.raises(EvidenceRefused, match=said or "empty"):
        evidence.store(io.BytesIO(content), "scan.pdf")


def test_the_do_not_contact_list_is_searched_and_paged(alice, northside, here):
    with unit_of_work():
        for number in range(55):
            consent.add_do_not_contact(
                northside.organization_id,
                f"+131255503{number:02}",
                reason="asked",
                actor=make.AGENT,
            )

    first = alice.get("consent.do_not_contact", **here)
    second = alice.open("GET", first.page.select_one("a[rel=next]")["href"])
    one = alice.get("consent.do_not_contact", query={"q": "(312) 555-0310"}, **here)

    assert len(first.page.select("#numbers tbody tr")) == 50
    assert len(second.page.select("#numbers tbody tr")) == 5
    assert len(one.page.select("#numbers tbody tr")) == 1
    assert (
        "No number matches" in alice.get("consent.do_not_contact", query={"q": "999"}, **here).text
    )
    alice.get("consent.do_not_contact", status=400, query={"q": "Carol"}, **here)
    alice.post("consent.remove_do_not_contact", status=400, data={"phone": "x"}, **here)
    again = alice.post(
        "consent.add_do_not_contact", data={"phone": "3125550310", "reason": "twice"}, **here
    )
    assert "was on the list already" in alice.follow(again).text
    gone = alice.post("consent.remove_do_not_contact", data={"phone": "3125550999"}, **here)
    assert "was not on the list" in alice.follow(gone).text


def test_a_bought_record_says_why_nothing_may_go(alice, northside, here):
    record = make.bought(northside)

    reply = alice.get("proofs.record", record_id=record, **here)

    assert "This number came from a purchased list." in reply.text_of("#standing")
    assert "Agreed to Nothing" in reply.text_of("#seen")


def test_an_opted_out_number_is_said_first(alice, northside, here, clock):
    record = make.written(northside)
    make.stop(northside, at=clock.now)

    assert "This number has opted out." in alice.get("proofs.record", record_id=record, **here).text
    for past in queries.records(northside.tenant, CAROL):
        alice.get("proofs.record", record_id=past.id, **here)
