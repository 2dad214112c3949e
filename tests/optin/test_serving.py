"""What is served and what is kept: versions that stay, pages whole in themselves, frames (C-2 to C-4)."""

import hashlib
import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from portal.consent import queries as consent_queries
from portal.consent.service import evidence
from portal.consent.values import Method
from portal.contacts import queries as contacts
from portal.core.db import db, unit_of_work
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.errors import ContentRefused, NothingNew, PointsMissing
from portal.optin.models import Confirmation, FormVersion
from portal.optin.rules import tokens
from portal.optin.service import drawing, picturing
from portal.optin.values import ConfirmationState, Picture
from tests import pagelint
from tests.factories.files import picture
from tests.factories.mail import kept
from tests.factories.optin import (
    ALICE,
    CAROL,
    edit,
    fill_in,
    make_form,
    make_published,
    publish,
    token_of,
)
from tests.house.payloads import PAYLOADS

SITE = "https://www.juniper.example"


def test_a_published_version_cannot_be_changed_or_removed(northside):
    """C-3: the database itself refuses."""
    version = publish(make_form(northside))
    for statement in (
        update(FormVersion).where(FormVersion.id == version.id).values(disclosure="Yes."),
        update(FormVersion).values(html=""),
        delete(FormVersion).where(FormVersion.id == version.id),
    ):
        with pytest.raises(DatabaseError, match="never changes"), unit_of_work():
            db.session.execute(statement)
    assert queries.version(version.id) == version


def test_an_edit_makes_the_next_version_and_the_last_one_stays(anyone, northside):
    form = make_published(northside)
    first = anyone.open("GET", form.path).data
    edited = edit(form, title="Another heading")
    assert strip(anyone.open("GET", form.path).data) == strip(first)
    version = publish(edited)
    assert version.number == 2
    assert "Another heading" in anyone.open("GET", form.path).text
    assert [v.number for v in queries.versions(northside.tenant, form.id)] == [2, 1]
    with pytest.raises(NothingNew):
        publish(queries.form_or_404(northside.tenant, form.id))


def strip(html):
    return re.sub(rb'name="form_token" value="[^"]+"', b"", html)


@pytest.mark.parametrize(
    ("change", "points"),
    [
        ({"privacy_url": ""}, ("privacy",)),
        ({"disclosure": "I agree to texts about homes from {sender}."}, ("rates", "frequency", "help", "stop", "not_condition")),
        ({"disclosure": "I agree to texts about homes from {sender}.", "is_single_message": True}, ("rates", "frequency", "not_condition")),
    ],
)  # fmt: skip
def test_publishing_names_what_is_missing(northside, change, points):
    form = make_form(northside, **change)
    with pytest.raises(PointsMissing) as refused:
        publish(form)
    assert set(points) <= set(refused.value.points)
    assert not {"help", "stop"} & set(refused.value.points) or not form.draft.is_single_message
    assert queries.versions(northside.tenant, form.id) == []


def test_a_kept_file_that_is_gone_is_said_to_be(alice, northside):
    """As after a restore of the database alone: its page and pictures answered 500 (S19)."""
    version = publish(make_form(northside))
    with unit_of_work():
        picturing.keep(version, {Picture.PHONE: picture()})
    where = {"account_id": northside.id, "form_id": version.form_id, "number": 1}
    shown = {"optin.version_page": {}, "optin.picture": {"kind": "phone"}}
    for endpoint, more in shown.items():
        assert alice.open("GET", alice.url(endpoint, **where | more)).status == 200
    for file in evidence.path_of(version.page_name).parent.iterdir():
        file.unlink()
    for endpoint, more in shown.items():
        assert "Restore the evidence folder" in alice.get(endpoint, 404, **where | more).text


def test_the_kept_page_is_whole_in_itself_and_its_name_is_its_hash(northside):
    version = publish(make_form(northside, color="#7a1f5c"))
    kept = evidence.path_of(version.page_name).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == version.page_sha256
    page = BeautifulSoup(kept, "html.parser")
    loading = [
        tag[attribute]
        for name, attribute in (
            ("img", "src"),
            ("link", "href"),
            ("script", "src"),
            ("iframe", "src"),
        )
        for tag in page.find_all(name)
        if tag.has_attr(attribute)
    ]
    assert [url for url in loading if not url.startswith("data:")] == []
    css = page.style.get_text()
    assert "#7a1f5c" in css and "url(" not in css and "@import" not in css
    assert version.disclosure in page.get_text(" ")
    assert not page.select_one("#agree").has_attr("checked")
    assert not page.select_one("#agree").has_attr("required")


def test_a_hosted_page_weighs_less_than_thirty_kilobytes(anyone, northside):
    """Issue 4: over the wire, without its logo and without compression."""
    form = make_published(northside, ask_custom="required", custom_label="Which area?")
    page = anyone.open("GET", form.path)
    [style] = [link["href"] for link in page.page.find_all("link", rel="stylesheet")]
    sheet = anyone.client.get(style)
    assert sheet.headers["Cache-Control"].endswith("immutable")
    assert page.page.find("script") is None
    heads = sum(len(str(answer.headers)) for answer in (page, sheet))
    assert len(page.data) + len(sheet.data) + heads < 30_000


def test_the_page_is_guarded(anyone, northside):
    form = make_published(northside)
    policy = anyone.open("GET", form.path).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "script-src 'none'" in policy


def test_what_editors_write_is_shown_as_words_and_does_nothing(anyone, alice, northside):
    """S4, on the pages that are drawn without Flask."""
    said = ("title", "intro", "sender_address", "button", "thanks")
    harmless = make_published(northside, **dict.fromkeys(said, "words"), name="A")
    tried = [words for words in PAYLOADS if not pagelint.REMNANT.search(words)]
    wild = {name: " ".join(tried[n :: len(said)]) for n, name in enumerate(said)}
    poisoned = make_published(northside, **wild, name="B")
    shapes = [
        [
            (tag.name, sorted(tag.attrs))
            for tag in BeautifulSoup(anyone.client.get(form.path).text, "html.parser").find_all()
        ]
        for form in (harmless, poisoned)
    ]
    assert shapes[0] == shapes[1]
    where = {"account_id": northside.id}
    alice.get("optin.show", form_id=poisoned.id, **where)
    alice.get("optin.version", form_id=poisoned.id, number=1, **where)
    inside = alice.get("optin.edit", form_id=poisoned.id, **where).page.iframe["srcdoc"]
    assert BeautifulSoup(inside, "html.parser").find("script") is None


def test_what_a_person_signed_up_with_becomes_a_contact(anyone, northside, clock):
    form = make_published(
        northside, tags=["open house", "spring"], ask_custom="required", custom_label="Which area?"
    )
    fill_in(anyone, clock, form.path, custom="Lincoln Park")
    person = contacts.by_numbers(northside.tenant, ["+13125550142"])["+13125550142"]
    assert person.full_name == "Carol Reyes" and person.state == "IL"
    assert set(person.tags) == {"open house", "spring"}
    assert person.lead_source == "form: Open house"
    [note] = contacts.notes(northside.tenant, person.id)
    assert note.body == "Which area? Lincoln Park"
    [record] = consent_queries.records(northside.tenant, "+13125550142")
    assert "Which area? Lincoln Park" in record.method_details


def test_a_double_click_is_one_record(anyone, northside, clock):
    form = make_published(northside)
    opened = anyone.open("GET", form.path)
    clock.travel(by=timedelta(seconds=5))
    sent = {"form_token": token_of(opened.data.decode())}
    for _ in range(2):
        anyone.open("POST", form.path, 303, data=CAROL | sent)
    assert len(consent_queries.records(northside.tenant, "+13125550142")) == 1


def test_who_publishes_meanwhile_has_the_person_read_again(anyone, northside, clock):
    form = make_published(northside)
    opened = anyone.open("GET", form.path)
    publish(edit(form, title="Another heading"))
    clock.travel(by=timedelta(seconds=5))
    sent = CAROL | {"form_token": token_of(opened.data.decode())}
    again = anyone.open("POST", form.path, 422, data=sent)
    assert "This form has changed" in again.text and "Another heading" in again.text


def test_a_form_stands_on_the_sites_of_its_list_alone(anyone, northside, clock):
    form = make_published(northside, origins=[SITE])
    here = f"{form.path}/embed?page={SITE}/homes"
    page = anyone.open("GET", here, headers={"Referer": f"{SITE}/"})
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SITE}" in policy
    for told in (
        {"headers": {"Referer": "https://evil.example/"}},
        {"query_string": {"page": "https://evil.example/x"}},
        {"query_string": {"page": f"{SITE}.evil.example/"}},
        {"query_string": {"page": "javascript:alert(1)"}},
    ):
        anyone.open("GET", f"{form.path}/embed", 403, **told)
        anyone.open("GET", f"{form.path}/embed.js", 403, **told)
    reply = fill_in(anyone, clock, here, headers={"Referer": f"{SITE}/"})
    assert reply.location == f"{form.path}/embed/thanks"
    assert f"frame-ancestors {SITE}" in anyone.follow(reply).headers["Content-Security-Policy"]
    [record] = consent_queries.records(northside.tenant, "+13125550142")
    assert record.method is Method.EMBED
    assert record.source_url == f"{SITE}/homes"
    assert f"In a frame on {SITE}" in record.method_details


def test_a_frame_open_for_long_still_knows_where_it_stands(anyone, northside, clock):
    form = make_published(northside, origins=[SITE])
    here, headers = f"{form.path}/embed?page={SITE}/homes", {"Referer": f"{SITE}/"}
    opened = anyone.open("GET", here, headers=headers)
    clock.travel(by=timedelta(hours=5))
    sent = CAROL | {"form_token": token_of(opened.data.decode())}
    again = anyone.open("POST", here, 422, data=sent)
    clock.travel(by=timedelta(seconds=5))
    anyone.open("POST", here, 303, data=CAROL | {"form_token": token_of(again.data.decode())})
    [record] = consent_queries.records(northside.tenant, "+13125550142")
    assert record.source_url == f"{SITE}/homes"


def test_a_form_without_a_list_stands_in_no_frame(anyone, northside):
    form = make_published(northside)
    anyone.open("GET", f"{form.path}/embed", 403)
    anyone.open("GET", f"{form.path}/embed.js", 403)


def test_a_form_sent_from_another_site_is_refused(anyone, northside, clock):
    form = make_published(northside, origins=[SITE])
    fill_in(anyone, clock, f"{form.path}/embed", status=403, headers={"Origin": SITE})
    fill_in(anyone, clock, form.path, status=403, headers={"Sec-Fetch-Site": "cross-site"})
    assert consent_queries.records(northside.tenant, "+13125550142") == []


def test_the_script_is_a_few_lines_that_another_site_may_load(anyone, northside):
    form = make_published(northside, origins=[SITE], title="</script><b>'\"")
    reply = anyone.client.get(f"{form.path}/embed.js", headers={"Referer": f"{SITE}/x"})
    assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "</script" not in reply.text and "__URL__" not in reply.text
    assert f'"http://localhost{form.path}/embed"' in reply.text
    assert len(reply.text.splitlines()) < 30


def test_a_kiosk_takes_one_person_after_another_and_shows_none(bob, anyone, northside, clock):
    form = make_published(northside)
    opened = bob.post("optin.open_kiosk", 303, account_id=northside.id, form_id=form.id)
    where = opened.location
    for n in range(5):  # more than one browser may sign up on its own page
        page = anyone.open("GET", where)
        assert page.page.form["autocomplete"] == "off"
        waits = page.page.find("script", src="/static/js/kiosk.js")  # who types on is left alone
        assert (waits["data-to"], waits["data-after"]) == (where, "300")
        without = page.page.noscript.find("meta", attrs={"http-equiv": "refresh"})
        assert without["content"] == f"300;url={where}"
        assert {t["autocomplete"] for t in page.page.select("input[autocomplete]")} == {"off"}
        thanks = anyone.follow(fill_in(anyone, clock, where, phone=f"(312) 555-01{n + 50}"))
        assert thanks.page.find("meta", attrs={"http-equiv": "refresh"})["content"].endswith(where)
        assert "Carol" not in thanks.text
    [record] = consent_queries.records(northside.tenant, "+13125550150")
    assert "On a device put up by Bob Tran" in record.method_details
    clock.travel(by=tokens.KIOSK_LASTS)
    anyone.open("GET", where, 422)
    other = make_published(northside, name="Other")
    anyone.open("GET", where.replace(form.slug, other.slug), 422)


@pytest.mark.parametrize("how", ["as published", "after an error", "on a kiosk"])
def test_a_page_drawn_after_our_templates_changed_is_kept_as_it_was_seen(
    bob, anyone, northside, clock, monkeypatch, how
):
    """C-4: the published page is evidence for those who saw it, and for nobody else."""
    form, really = make_published(northside), drawing._page
    monkeypatch.setattr(
        drawing, "_page", lambda *a, **b: really(*a, **b).replace("</form>", "Newer.</form>")
    )
    where = form.path
    if how == "on a kiosk":
        where = bob.post("optin.open_kiosk", 303, account_id=northside.id, form_id=form.id).location
    if how == "after an error":
        again = fill_in(anyone, clock, where, status=422, phone="none")
        entered = CAROL | {"form_token": token_of(again.data.decode())}
        anyone.open("POST", where, 303, data=entered)
    else:
        fill_in(anyone, clock, where)
    [record] = consent_queries.records(northside.tenant, "+13125550142")
    shown = evidence.content_of(record.evidence).decode()
    [version] = queries.versions(northside.tenant, form.id)
    assert ("Newer." in shown) == (how != "as published")
    assert (record.evidence.sha256 == version.page_sha256) == (how == "as published")


def test_a_form_has_a_code_a_sheet_and_an_invitation(bob, northside):
    form = make_published(northside)
    where = {"account_id": northside.id, "form_id": form.id}
    assert bob.get("optin.qr_png", **where).data.startswith(b"\x89PNG")
    assert b"<svg" in bob.get("optin.qr_svg", **where).data
    sheet = bob.get("optin.qr_sheet", **where)
    assert f"http://localhost{form.path}" in sheet.text
    assert "Write it like" in bob.post("optin.invite", 422, data={"email": "carol"}, **where).text
    bob.post(
        "optin.invite", 303, data={"email": "carol@example.com", "note": "As promised"}, **where
    )
    [mail] = kept()
    assert form.path in mail.text and "As promised" in mail.text


def test_nothing_of_a_form_is_shared_before_it_is_published(bob, northside):
    where = {"account_id": northside.id, "form_id": make_form(northside).id}
    for endpoint in ("optin.qr_png", "optin.qr_sheet", "optin.invite"):
        bob.get(endpoint, 404, **where)


def test_double_opt_in_asks_and_the_page_says_what_comes(anyone, northside, clock):
    form = make_published(northside, is_double_opt_in=True)
    thanks = anyone.follow(fill_in(anyone, clock, form.path))
    assert "Answer YES" in thanks.text
    waiting = queries.pending_confirmation(northside.tenant, "+13125550142", clock.now)
    assert waiting.sender_name == "Juniper Realty"
    with unit_of_work():
        confirmed = optin.confirm(
            northside.tenant, "+13125550142", clock.now, reference="SM1", actor=ALICE
        )
    record = consent_queries.record_or_404(northside.tenant, confirmed)
    assert record.evidence.sha256 == queries.served(form.slug).page_sha256


def test_without_double_opt_in_the_form_may_have_people_told_once(anyone, northside, clock):
    """Issue 4 point 2: the confirmation text counts at once, and a repeat tells nobody again."""
    form = make_published(northside, has_confirmation_text=True)
    for _ in range(2):
        fill_in(anyone, clock, form.path)
    [told] = db.session.scalars(select(Confirmation)).all()
    assert told.state is ConfirmationState.TOLD
    assert told.frequency == queries.served(form.slug).content.frequency
    assert queries.pending_confirmation(northside.tenant, "+13125550142", clock.now) is None
    assert consent_queries.standing(northside.tenant, "+13125550142", clock.now).kinds


@pytest.mark.parametrize("clash", ["is_double_opt_in", "is_single_message"])
def test_a_confirmation_text_beside_another_promise_is_refused(northside, clash):
    with pytest.raises(ContentRefused) as refused:
        make_form(northside, has_confirmation_text=True, **{clash: True})
    assert refused.value.field == "has_confirmation_text"
