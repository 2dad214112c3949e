"""Building a form, publishing it, and filling it in, page by page (C-2, C-3)."""

import io

import pytest
from PIL import Image

from portal.consent import queries as consent_queries
from portal.consent.rules import completeness, disclosures
from portal.consent.service import evidence
from portal.consent.values import Checkbox, Method, Strength
from portal.optin import queries
from portal.optin.values import FormState
from tests.factories.optin import CAROL, fill_in, make_form, make_published, publish, token_of


def logo(size=(300, 100)):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "PNG")
    return out.getvalue()


def entered(page, **changes):
    """Return the editor's fields as a browser would send them."""
    sent = {}
    for tag in page.page.select("#editor [name]"):
        name, kind = tag["name"], tag.get("type")
        if (
            tag.name == "button"
            or kind == "file"
            or (kind == "checkbox" and not tag.has_attr("checked"))
        ):
            continue  # fmt: skip
        value = page.field(name) if kind != "checkbox" else tag["value"]
        sent.setdefault(name, []).append(value)
    return {
        name: values if len(values) > 1 else values[0] for name, values in sent.items()
    } | changes


def test_a_lead_builds_and_publishes_a_form(alice, northside):
    where = {"account_id": northside.id}
    assert "No opt-in form yet" in alice.get("optin.index", **where).text
    begun = alice.post(
        "optin.new",
        303,
        data={
            "name": "Open house, Alder Ct", "starter": "open-house-en", "sender": "Juniper Realty",
            "help_contact": "(312) 555-0100", "account_id": str(northside.id),
        },
        **where,
    )  # fmt: skip
    editor = alice.follow(begun)
    assert "8 of 10" in editor.text_of("#points")
    form = queries.forms(northside.tenant)[0]
    where["form_id"] = form.id
    refused = alice.post("optin.edit", 303, data=entered(editor, do="publish"), **where)
    told = alice.follow(refused).text_of("#flash")
    assert "Link to the privacy policy; Link to the terms" in told
    editor = alice.get("optin.edit", **where)
    data = entered(
        editor, do="publish", privacy_url="https://juniper.example/privacy",
        terms_url="https://juniper.example/terms", color="#7a1f5c",
        logo=(io.BytesIO(logo()), "logo.png"), has_logo="y",
    )  # fmt: skip
    shown = alice.follow(alice.post("optin.edit", 303, data=data, **where))
    assert "Published, version 1" in shown.text
    version = queries.served(form.slug)
    assert version.content.logo.endswith(".png")
    assert all(disclosures.check(version.html).values())
    assert "Version 1" in alice.get("optin.version", number=1, **where).text
    assert alice.get("optin.index", **where).text.count("Published, version 1") == 1


def test_the_points_tick_while_typing_and_with_a_button(alice, northside):
    form = make_form(northside)
    where = {"account_id": northside.id, "form_id": form.id}
    editor = alice.get("optin.edit", **where)
    typed = entered(editor, disclosure="I agree to texts.")
    part = alice.htmx.post("optin.preview", 200, data=typed, **where)
    assert part.is_partial
    assert "Missing: “Message and data rates may apply”" in part.text_of("#points")
    assert "I agree to texts." in part.page.select_one("iframe")["srcdoc"]
    whole = alice.post("optin.edit", 200, data=typed | {"do": "preview"}, **where)
    assert whole.field("disclosure") == "I agree to texts."
    assert "Missing: “Message and data rates may apply”" in whole.text_of("#points")
    assert queries.form_or_404(northside.tenant, form.id).draft == form.draft


WRONG = (
    ({"color": "teal"}, "Write it as six figures"),
    ({"color": "#ffee88"}, "too pale on white"),
    ({"privacy_url": "juniper.example/privacy"}, "write the whole address"),
    ({"terms_url": "javascript:alert(1)"}, "write the whole address"),
    ({"disclosure": "From {brokerage}."}, "{brokerage} stands for nothing"),
    ({"origins": "https://good.example\nnot a site/at all"}, "is not a site"),
    ({"ask_custom": "required"}, "Write the question"),
    ({"title": ""}, "Write a heading."),
    ({"kinds": []}, "Tick what people agree to."),
    ({"edits": "0"}, "saved this form while you were editing"),
    ({"logo": (b"GIF89a" + b"\0" * 40, "logo.gif")}, "This kind of picture is not taken"),
    ({"has_confirmation_text": "y", "is_double_opt_in": "y"}, "A double opt-in confirms already"),
    ({"has_confirmation_text": "y", "frequency": ""}, "the confirmation text says it"),
    ({"logo": (b"<svg onload=alert(1)>", "logo.png")}, "a drawing or a web page"),
)  # fmt: skip


@pytest.mark.parametrize(("change", "words"), WRONG, ids=[str(w[1])[:24] for w in WRONG])
def test_wrong_input_is_named_and_kept(alice, northside, change, words):
    form = make_form(northside)
    where = {"account_id": northside.id, "form_id": form.id}
    change = {
        name: (io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value
        for name, value in change.items()
    }
    data = entered(alice.get("optin.edit", **where), intro="Kept as typed.", **change)
    reply = alice.post("optin.edit", 422, data=data, **where)
    assert words in reply.text
    assert reply.field("intro") == "Kept as typed."
    assert queries.form_or_404(northside.tenant, form.id).draft == form.draft


def test_an_officer_edits_and_unpublishes_but_does_not_publish(vera, bob, northside):
    form = make_published(northside)
    where = {"account_id": northside.id, "form_id": form.id}
    editor = vera.get("optin.edit", **where)
    assert "Save and publish" not in editor.text
    vera.post(
        "optin.edit", 303, data=entered(editor, title="Edited by Vera", do="publish"), **where
    )
    assert queries.served(form.slug).number == 1
    vera.post("optin.publish", 403, **where)
    vera.post("optin.unpublish", 303, **where)
    assert queries.form_or_404(northside.tenant, form.id).state is FormState.UNPUBLISHED
    assert "Edit" not in bob.get("optin.show", **where).texts_of(".page-head__actions a")
    bob.post("optin.edit", 403, **where)


def test_a_person_signs_up_and_the_record_has_every_fact(anyone, alice, northside, clock):
    form = make_published(northside)
    before = clock.now
    reply = fill_in(anyone, clock, form.path, headers={"User-Agent": "Phone/1"})
    thanks = anyone.follow(reply)
    assert "You are on the list." in thanks.text
    assert "Carol" not in thanks.text and "0142" not in thanks.text
    [record] = consent_queries.records(northside.tenant, "+13125550142")
    assert completeness(record).score == 100, completeness(record).missing
    assert (record.method, record.strength) == (Method.HOSTED_FORM, Strength.EXPRESS_WRITTEN)
    assert record.checkbox is Checkbox.CHECKED
    assert record.form_name == "Open house" and record.form_version == "1"
    assert record.user_agent == "Phone/1" and record.ip_address == "127.0.0.1"
    assert record.source_url == f"http://localhost{form.path}"
    assert record.postal_address == "44 Briar St, Chicago, IL 60614"
    assert before <= record.given_at <= clock.now
    assert "STOP" in record.disclosure_text and record.disclosure_text in reply_text(anyone, form)
    shown = alice.get("proofs.record", account_id=northside.id, record_id=record.id)
    assert "100 %" in shown.text_of("#completeness")
    page = alice.get("consent.evidence", account_id=northside.id, record_id=record.id)
    assert "attachment" in page.headers["Content-Disposition"]
    assert (
        "signed up"
        in alice.get("optin.show", account_id=northside.id, form_id=form.id).text.lower()
    )


def reply_text(person, form):
    return " ".join(person.open("GET", form.path).page.get_text(" ").split())


def test_without_the_tick_nothing_is_kept_and_the_page_says_so(anyone, northside, clock):
    form = make_published(northside)
    reply = fill_in(anyone, clock, form.path, status=422, agree="")
    assert "nothing was kept" in reply.text
    assert reply.field("name") == "Carol Reyes"
    assert not reply.page.select_one("#agree").has_attr("checked")
    assert consent_queries.records(northside.tenant, "+13125550142") == []


BAD = (
    ({"phone": "555-01x4"}, "This is not a mobile number we can text."),
    ({"phone": "+1 800 555 0100"}, "This is not a mobile number we can text."),
    ({"phone": ""}, "Enter your mobile number."),
    ({"name": " "}, "Enter your name."),
    ({"email": "carol at home"}, "Write it like name@example.com."),
    ({"street": "x" * 300}, "Please keep this shorter."),
    ({"website": "http://buy.example"}, "A field that nobody should see was filled in."),
)


@pytest.mark.parametrize(
    ("change", "words"), BAD, ids=[b[1][:20] + str(i) for i, b in enumerate(BAD)]
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    anyone, northside, clock, change, words
):
    form = make_published(northside)
    reply = fill_in(anyone, clock, form.path, status=422, **change)
    assert words in reply.text
    assert reply.field("zip") == "60614"
    again = CAROL | {"form_token": token_of(reply.data.decode())}
    anyone.open("POST", form.path, 303, data=again)


def test_it_is_spanish_where_the_form_is(anyone, northside, clock):
    form = make_published(northside, starter="listings-es")
    page = anyone.open("GET", form.path)
    assert page.page.html["lang"] == "es"
    assert "Número de móvil" in page.text
    assert "Marque la casilla" in fill_in(anyone, clock, form.path, status=422, agree="").text


def test_a_form_that_is_not_published_is_not_there(anyone, northside):
    form = make_form(northside)
    anyone.open("GET", form.path, 404)
    publish(form)
    anyone.open("GET", form.path, 200)
    anyone.open("GET", "/f/no-such-form", 404)


def test_a_picture_is_uploaded_where_chromium_took_none_and_only_pixels_are_kept(alice, northside):
    """C-4, PROMISES 4 row 6: what a person hands in is read by a program of its own."""
    form = make_published(northside)
    where = {"account_id": northside.id, "form_id": form.id, "number": 1}
    for content, words in ((b"<svg onload=alert(1)>", "a drawing or a web page"), (b"", "empty")):
        sent = {"kind": "phone", "picture": (io.BytesIO(content), "page.png")}
        reply = alice.post("optin.upload_picture", 422, data=sent, **where)
        assert words in reply.text_of("#picture-error")
    photo = io.BytesIO()
    Image.new("RGB", (390, 800), "white").save(photo, "JPEG", comment=b"SecretCamera")
    sent = {"kind": "phone", "picture": (io.BytesIO(photo.getvalue()), "page.jpg")}
    shown = alice.follow(alice.post("optin.upload_picture", data=sent, **where))
    assert "The picture is kept with this version." in shown.text
    version = queries.version_or_404(northside.tenant, form.id, 1)
    [kept] = queries.pictures(northside.tenant, version.id).values()
    content = evidence.path_of(kept.name).read_bytes()
    assert b"SecretCamera" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("PNG", (390, 800))
