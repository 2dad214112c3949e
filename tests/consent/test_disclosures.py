"""The checker finds the ten points a page asking for consent must show (C-3, C-9)."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.consent.rules.disclosures import check, findings

POINTS = (
    "programme", "sender", "rates", "frequency", "help",
    "stop", "privacy", "terms", "checkbox", "not_condition",
)  # fmt: skip
ALL = frozenset(POINTS)

PARTS = {
    "wish": "I agree to receive marketing text messages about new listings from Juniper Realty.",
    "rates": "Message and data rates may apply.",
    "frequency": "Message frequency varies.",
    "help": "Reply HELP for help.",
    "stop": "Reply STOP to cancel.",
    "not_condition": "Consent is not a condition of purchase.",
    "privacy": '<a href="/privacy">Privacy Policy</a>',
    "terms": '<a href="/terms">Terms of Service</a>',
}
BOX = '<input type="checkbox" id="sms" name="sms" value="yes">'


def page(*, box=BOX, before="", after="", **parts):
    """A sign-up page of a brokerage, with some of its parts in other words."""
    said = PARTS | parts
    words = " ".join(
        said[part] for part in ("wish", "rates", "frequency", "help", "stop", "not_condition")
    )
    return f"""<!doctype html><html lang="en"><head><title>Sign up</title></head><body>
    <nav><a href="/">Home</a> <a href="/listings">Listings</a></nav>{before}
    <h1>Find your next home</h1><p>We help you buy and sell. Stop by our office!</p>
    <form method="post" action="/lead">
      <label for="n">Name</label><input id="n" name="name">
      <label for="p">Mobile number</label><input id="p" name="phone" type="tel">
      <p>{box}<label for="sms">{words}</label></p>
      <button>Send</button>
    </form>{after}
    <footer>{said["privacy"]} | {said["terms"]}</footer></body></html>"""


SPANISH = {
    "wish": "Acepto recibir mensajes de texto promocionales de Juniper Realty sobre propiedades.",
    "rates": "Pueden aplicarse tarifas de mensajes y datos.",
    "frequency": "La frecuencia de los mensajes varía.",
    "help": "Responda AYUDA para obtener ayuda.",
    "stop": "Responda ALTO para cancelar.",
    "not_condition": "El consentimiento no es una condición de compra.",
    "privacy": '<a href="/privacidad">Política de privacidad</a>',
    "terms": '<a href="/terminos">Términos y condiciones</a>',
}
SMITH = """<div class="form"><p>Join <b>Smith Team Text Alerts</b>!</p>
<label><input type=checkbox name=ok> Yes, text me! By checking this box you authorize The Smith Team
&amp; Partners to send recurring automated texts about open houses to your number. Up to 4 msgs/month.
Msg&amp;Data Rates May Apply. Text HELP for info, STOP to opt out. You don&#8217;t have to agree to
buy anything: consent is not required to purchase.</label>
<a href=https://smith.example/legal/privacy-notice>How we use data</a>
<a href=https://smith.example/sms-terms>SMS terms</a></div>"""
WORDPRESS = """<div class="wpcf7"><span class="wpcf7-list-item"><label><input type="checkbox"
name="sms[]" value="1"><span class="wpcf7-list-item-label">By checking this box, I consent to Bright
Homes LLC contacting me by text message with listing updates and appointment reminders at the number
provided. Msg frequency may vary. Msg &amp; data rates may apply. Reply&nbsp;STOP to unsubscribe or
HELP for assistance. Consent is not a condition of purchasing any property, goods or
services.</span></label></span></div><p><a href="https://bright.example/privacy-policy/">Privacy</a>
&middot; <a href="https://bright.example/terms-and-conditions/">T&amp;Cs</a></p>"""
REACT = """<main><div role="checkbox" aria-checked="false" tabindex="0">I would like to receive SMS
alerts about price changes from eXp Lakeside. Message frequency: up to 8 messages per month. Message &
data rates may apply. For help call (312) 555-0100. Text “STOP” to end. Agreeing is not a requirement to
buy.</div><a href="/policies?p=privacy"><img src=x alt="Privacy policy"></a>
<a href="/tos" aria-label="Terms"></a></main><script>var a="<p>Reply STOP</p>"</script>"""
TABLE = """<table><tr><td><input type=checkbox name=c><td>I agree to get texts<br>from 1st Choice Realty
regarding my showing requests.<tr><td><td>2-4 texts a month. Carrier message and data rates may apply.
<tr><td><td>Questions? Email help@first.example. To opt out, reply with the word STOP.
<tr><td><td>My consent isn't a condition of any purchase.</table>
<a href=/privacy>privacy<a href=/terms>terms"""
CAPITALS = page(**{part: PARTS[part].upper() for part in PARTS if part not in ("privacy", "terms")})
SEED = """<p>By providing your name and contact information you are expressly consenting to receive
communications from COMPANY_NAME or one of their licensed agents, which may include phone calls and
text messages for the purpose of marketing insurance products. You understand that your consent is
not a condition of the purchase of any product or services, and carrier messaging and data rates may
apply. You may revoke this consent at any time by calling us at 1-800-000-000.</p>"""
LINKS = '<a href="/privacy">Privacy</a> <a href="/terms">Terms</a>'
CRM = f"""<label><input type="checkbox" name="terms_and_conditions"> I consent to receive SMS notifications,
alerts &amp; occasional marketing communication from Acme Homes. Message frequency varies. Message &amp; data
rates may apply. Text HELP to (555) 555-0123 for assistance. You can reply STOP to unsubscribe at any time.
Consent not required for purchase.</label>{LINKS}"""
PORTAL = f"""<input type="checkbox" id="k"><label for="k">I agree to be contacted by Acme Realty via call, email,
and text for real estate services. To opt out, you can reply 'stop' at any time or reply 'help' for
assistance. You can also click the unsubscribe link in the emails. Message and data rates may apply.
Message frequency may vary. I do not need to consent as a condition of buying a home.</label>{LINKS}"""
SHOP = f"""<input type="checkbox" id="k"><label for="k">By checking this box, you agree to receive recurring
automated promotional and personalized marketing text messages (e.g. price drops) from Acme at the cell
number used when signing up. Msg frequency: 4/month. Msg &amp; data rates may apply. Reply STOP or
HELP. Agreement is not conditioned on any purchase.</label>{LINKS}"""
SPLIT_BOX = """<form>I agree to the disclosure below <input id=c type=checkbox><label for=c>I agree</label>
<p>By checking the box you agree to receive promotional texts from Juniper Realty. Msg frequency varies.
Msg and data rates may apply. Reply HELP for help or STOP to stop. Not a condition of purchase; your
consent is not required to buy.</p><a href=/privacy>Privacy</a> <a href=/terms>Terms</a></form>"""

GOOD = {
    "plain": page(),
    "spanish": page(**SPANISH),
    "alerts": SMITH,
    "wordpress": WORDPRESS,
    "single-page-app": REACT,
    "table-of-bad-html": TABLE,
    "capitals": CAPITALS,
    "crm": CRM,
    "portal": PORTAL,
    "shop": SHOP,
    "text-me-updates": page(wish="Yes, text me new home updates from Juniper Realty."),
    "updates-by-text": page(wish="Juniper Realty may send me updates on new homes by text."),
    "monthly-marketing-texts": page(frequency="We send monthly automated marketing texts."),
    "four-marketing-messages": page(frequency="Up to 4 recurring automated messages each month."),
    "without-agreeing": page(not_condition="You can do so without having to agree to texts to buy."),
    "short-periods": page(frequency="Up to 3 msgs/wk."),
    "sender-named-apart": page(
        wish="Yes, text me new home updates.", before="<p>Sender: Juniper Realty</p>"
    ),
    "box-apart-from-words": SPLIT_BOX,
    "box-drawn-anew": page(box='<input type="checkbox" id="sms" class="sr-only" style="opacity:0">'),
    "label-around-box": page(box="").replace('<label for="sms">', f"<label>{BOX}"),
    "label-by-aria": page(
        box='<input type="checkbox" aria-labelledby="x y">', wish='<span id="y">' + PARTS["wish"] + "</span>"
    ),
    "other-box-ticked": page(before='<input type="checkbox" checked><label>E-mail newsletter</label>'),
    "other-box-required": page(
        before='<label><input type="checkbox" required> I agree to the Terms of Use</label>'
    ),
    "entities-and-soft-hyphens": page(rates="Mes&shy;sage &amp; data&nbsp;rates may&#160;apply."),
    "inline-tags": page(stop="Reply <b>STOP</b> <em>to</em> cancel.", sender=""),
    "zero-width": page(help="Reply HE\u200bLP for help."),
    "upper-case-tags": page().replace("<a href", "<A HREF").replace("checkbox", "CHECKBOX"),
    "comment-with-tags": page(before="<!-- <input type=checkbox checked> I agree to texts -->"),
    "script-with-tags": page(before='<script>x="<label><input type=checkbox checked>texts yes"</script>'),
    "same-page-policy": page(
        privacy='<a href="#privacy">Privacy</a><h2 id="privacy">Our policy</h2>'
    ),
    "shown-on-wide-screens": page(privacy='<a class="hidden md:block" href="/p">Privacy Policy</a>'),
    "one-link-for-both": page(privacy="", terms='<a href="/legal">Terms &amp; Privacy</a>'),
    "unsubscribe": page(stop="To opt out at any time, text UNSUBSCRIBE."),
    "stop-list": page(stop="Text STOP, END or QUIT to opt out."),
    "help-by-mail": page(help="For help, email care@juniper.example."),
    "customer-care": page(help="Customer care: (312) 555-0100."),
    "weekly": page(frequency="We send weekly texts."),
    "per-week": page(frequency="Expect 1-3 messages per week."),
    "not-required": page(not_condition="You are not required to agree to this to buy property."),
    "msg-data": page(rates="Msg&amp;Data Rates May Apply"),
    "data-first": page(rates="Data and message rates may apply."),
    "named-programme": page(wish="I agree to get texts from Juniper Realty. Programme: Juniper Home Alerts."),
    "team-may-text": page(wish="Yes, Juniper Realty may text me showing reminders by text."),
}  # fmt: skip

FAULTY = {
    "empty": ("", ALL),
    "blank": (" \n\t ", ALL),
    "no-html": ("just words", ALL),
    "no-purpose": (
        page(wish="I agree to receive text messages from Juniper Realty."), {"programme"},
    ),
    "from-us": (
        page(wish="I agree to receive marketing text messages about listings from us from time to time."),
        {"sender"},
    ),
    "from-an-agent": (
        page(wish="I agree to receive marketing texts from our Agents and Licensed Realtors."),
        {"sender"},
    ),
    "name-only-in-logo": (
        page(
            wish="I agree to receive marketing text messages about listings.",
            before='<img src="l.png" alt="Juniper Realty">',
        ),
        {"sender"},
    ),
    "no-rates": (page(rates=""), {"rates"}),
    "mortgage-rates": (page(rates="Mortgage rates may vary."), {"rates"}),
    "standard-rates": (page(rates="Standard rates may apply."), {"rates"}),
    "no-data-rates-apply": (page(rates="No message and data rates apply."), {"rates"}),
    "no-frequency": (page(frequency=""), {"frequency"}),
    "frequently-asked": (page(frequency="Frequently asked questions: 4 homes a month."), {"frequency"}),
    "calls-a-week": (page(frequency="Up to 3 calls per week."), {"frequency"}),
    "no-help": (page(help=""), {"help"}),
    "we-help-you": (page(help="We help you. Text us, help is near."), {"help"}),
    "no-stop": (page(stop=""), {"stop"}),
    "stop-by": (page(stop="Text us to stop by. You may opt out at any time."), {"stop"}),
    "one-stop-shop": (page(stop="Your one-stop shop."), {"stop"}),
    "no-privacy": (page(privacy=""), {"privacy"}),
    "privacy-in-words": (page(privacy="See our Privacy Policy at juniper.example/privacy"), {"privacy"}),
    "privacy-dead": (page(privacy='<a href="#">Privacy Policy</a>'), {"privacy"}),
    "privacy-by-script": (page(privacy='<a href="javascript:open()">Privacy Policy</a>'), {"privacy"}),
    "privacy-by-mail": (page(privacy='<a href="mailto:privacy@x.example">Privacy</a>'), {"privacy"}),
    "privacy-no-address": (page(privacy="<a>Privacy Policy</a>"), {"privacy"}),
    "privacy-choices": (page(privacy='<a href="/ccpa">Your Privacy Choices</a>'), {"privacy"}),
    "privacy-broken-address": (page(privacy='<a href="http://[x">Privacy</a>'), {"privacy"}),
    "captcha-links": (
        page(
            privacy='<a href="https://policies.google.com/privacy">Privacy</a>',
            terms='<a href="https://policies.google.com/terms">Terms</a>',
        ),
        {"privacy", "terms"},
    ),
    "no-terms": (page(terms=""), {"terms"}),
    "loan-terms": (page(terms='<a href="/mortgage-terms">Loan terms</a>'), {"terms"}),
    "glossary": (page(terms='<a href="/glossary">Real estate terms to know</a>'), {"terms"}),
    "no-box": (page(box=""), {"checkbox"}),
    "ticked": (page(box=BOX.replace(">", " checked>")), {"checkbox"}),
    "ticked-false": (page(box=BOX.replace(">", ' CHECKED="false">')), {"checkbox"}),
    "required": (page(box=BOX.replace(">", " required>")), {"checkbox"}),
    "disabled": (page(box=BOX.replace(">", " disabled>")), {"checkbox"}),
    "ticked-by-aria": (REACT.replace('"false"', '"true"'), {"checkbox"}),
    "radio": (page(box=BOX.replace("checkbox", "radio")), {"checkbox"}),
    "hidden-input": (page(box=BOX.replace("checkbox", "hidden")), {"checkbox"}),
    "hidden-box": (page(box=f'<div style="display: none">{BOX}</div>'), {"checkbox"}),
    "second-box-ticked": (
        page(before="<label><input type=checkbox checked> Send me texts</label>"), {"checkbox"},
    ),
    "box-for-terms": (
        page(box="", before="<label><input type=checkbox> I agree to the Terms and the Privacy Policy</label>"),
        {"checkbox"},
    ),
    "box-to-remember": (
        page(box="", before="<label><input type=checkbox> Remember me</label>"), {"checkbox"},
    ),
    "box-for-mail": (
        page(box="", before="<label><input type=checkbox> Yes, e-mail me the newsletter</label>"),
        {"checkbox"},
    ),
    "box-for-calls": (
        page(box="", before="<label><input type=checkbox> I agree to be called</label>"), {"checkbox"},
    ),
    "box-to-refuse": (
        page(box="", before="<label><input type=checkbox> Do not send me texts</label>"), {"checkbox"},
    ),
    "no-condition": (page(not_condition=""), {"not_condition"}),
    "is-condition": (page(not_condition="Consent is a condition of purchase."), {"not_condition"}),
    "financing": (page(not_condition="Financing is not a condition of purchase."), {"not_condition"}),
    "hidden-words": (page(stop="<span hidden>Reply STOP to cancel.</span>"), {"stop"}),
    "hidden-by-style": (
        page(rates='<i style="visibility:hidden">Message and data rates may apply.</i>'), {"rates"},
    ),
    "hidden-by-class": (
        page(not_condition=f'<i class="d-none">{PARTS["not_condition"]}</i>'), {"not_condition"},
    ),
    "hidden-by-size": (
        page(frequency='<i style="font-size:0">Message frequency varies.</i>'), {"frequency"},
    ),
    "in-comment": (page(stop="<!-- Reply STOP to cancel. -->"), {"stop"}),
    "in-script": (page(help='<script>"Reply HELP for help."</script>'), {"help"}),
    "in-template": (page(help="<template>Reply HELP for help.</template>"), {"help"}),
    "in-noscript": (page(help="<noscript>Reply HELP for help.</noscript>"), {"help"}),
    "in-title": (
        page(rates="").replace("Sign up", "Message and data rates may apply"), {"rates"},
    ),
    "struck-out": (page(stop="<s>Reply STOP to cancel.</s>"), {"stop"}),
    "closed-dialog": (page(stop="<dialog>Reply STOP to cancel.</dialog>"), {"stop"}),
    "hidden-link": (
        page(privacy='<p style="display:none"><a href="/privacy">Privacy</a></p>'), {"privacy"},
    ),
    "seed-wording": (
        SEED, {"sender", "frequency", "help", "stop", "privacy", "terms", "checkbox"},
    ),
    "spanish-no-stop": (page(**SPANISH | {"stop": ""}), {"stop"}),
    "spanish-no-rates": (page(**SPANISH | {"rates": "No se aplican tarifas de mensajes y datos."}), {"rates"}),
    "spanish-condition": (
        page(**SPANISH | {"not_condition": "Es una condición de compra."}), {"not_condition"},
    ),
    "spanish-no-frequency": (page(**SPANISH | {"frequency": ""}), {"frequency"}),
    "spanish-no-help": (page(**SPANISH | {"help": ""}), {"help"}),
    "spanish-no-links": (page(**SPANISH | {"privacy": "", "terms": ""}), {"privacy", "terms"}),
}  # fmt: skip


@pytest.mark.parametrize("html", GOOD.values(), ids=GOOD)
def test_a_page_with_all_points_passes(html):
    assert check(html) == dict.fromkeys(POINTS, True), findings(html)


@pytest.mark.parametrize(("html", "missing"), FAULTY.values(), ids=FAULTY)
def test_a_page_lacks_what_it_lacks_and_nothing_else(html, missing):
    assert {point for point, is_there in check(html).items() if not is_there} == set(missing), (
        findings(html)
    )


def test_a_name_in_place_of_the_blank_is_a_sender():
    assert check(SEED.replace("COMPANY_NAME", "Acme Insurance"))["sender"]


def test_the_keys_are_the_ten_points_in_order():
    assert tuple(check("")) == POINTS


def test_findings_tell_the_words():
    found = findings(page())
    assert found["rates"].matched == ("Message and data rates may apply",)
    assert found["privacy"].matched == ("Privacy Policy (/privacy)",)
    assert found["stop"].matched[0].startswith("Reply STOP")
    assert found["checkbox"].matched[0].startswith("I agree to receive marketing text messages")
    assert "Juniper Realty" in found["sender"].matched[0]


@pytest.mark.parametrize(
    ("html", "point", "remark"),
    [
        (FAULTY["ticked"][0], "checkbox", "ticked beforehand"),
        (FAULTY["required"][0], "checkbox", "required"),
        (FAULTY["privacy-dead"][0], "privacy", "leads nowhere"),
    ],
)
def test_a_near_miss_is_explained(html, point, remark):
    assert remark in findings(html)[point].remark


BITS = st.sampled_from(
    ["<p>", "</p>", "<label>", "</label", "<input type=checkbox checked", ">", "<a href='", "/privacy",
     "'>", "</a>", "<!--", "-->", "<script>", "</script>", "<head>", "&amp", "&#0;", "&#x110000;", "STOP",
     " reply ", "I agree to texts from ", "Juniper", "\0", "<table><td>", "<svg><title>", "<![CDATA[",
     "<?php", "\u202e", "ÁÉ", "<li>", "</ul>", "<br/>", "<select><option>", "<p hidden>", "<textarea>"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(BITS | st.text(max_size=5), max_size=40).map("".join))
def test_any_rubbish_gets_ten_answers(html):
    assert tuple(check(html)) == POINTS


@pytest.mark.parametrize(
    "bit",
    [
        "<div>", "<p>", "<", "<a ", "<!--", "A", "A ", "Juniper Realty and ", "text messages ", "help ",
        "1 text ", "not a condition ", "<input type=checkbox>", "<label>texts<input type=checkbox>",
        "from The ", "<li>", "&", "STOP ", "a@", "5", "<a href=/privacy>privacy",
    ],
)  # fmt: skip
def test_a_long_page_is_read_in_time(bit):
    started = time.process_time()
    check(bit * (60_000 // len(bit)))
    assert time.process_time() - started < 2
