"""Whole pages as brokerages really write them, good and nearly good (C-3, C-9)."""

import pytest

from portal.consent.rules.disclosures import check, findings
from tests.consent.test_disclosures import BOX, LINKS, PARTS, POINTS, SPANISH, page

TWO_BOXES = f"""<h2>Get market reports</h2><form><input name=mail type=email>
<label><input type=checkbox name=mail checked> Send me the e-mail newsletter</label>
<label><input type=checkbox name=sms> I agree to receive text messages from Harbor &amp; Main Realty about
homes that match my search. Up to 5 msgs/week. Msg &amp; data rates may apply. Text HELP for help or STOP to
quit. Agreeing is not a condition of any purchase or service.</label><button>Go</button></form>{LINKS}"""
MODAL = f"""<dialog open><h3>Tour this home</h3><p>Who is texting: Lakeside Homes Group</p>
<label for="c">By checking this box I opt in to appointment reminder texts.</label><input id="c" type="checkbox">
<small>Message frequency varies by tour. Message &amp; data rates may apply.<br>Reply HELP for help.<br>
Reply STOP to cancel.<br>Your consent isn't required to buy or sell a home.</small>{LINKS}</dialog>"""
KIOSK = f"""<section aria-label="Open house sign-in"><p>Welcome to 14 Elm Street.</p>
<p><span role="checkbox" aria-checked="false" aria-labelledby="k1" tabindex=0></span><span id="k1">Yes, please
send me texts with open house news from Elm Street Realty.</span></p><ul><li>1 message per open house and
up to 2 messages a month<li>Message and data rates may apply<li>Text HELP for help<li>Text STOP to stop
<li>Not required to buy: consent is not a condition of purchase</ul>{LINKS}</section>"""
BILINGUAL = page(
    wish="I agree to receive marketing texts from Casa Juniper Realty. / Acepto recibir mensajes de "
    "texto promocionales de Casa Juniper Realty.",
    stop="Reply STOP to cancel. Responda ALTO para cancelar.",
)
ELEMENTOR = f"""<div class="elementor-field-group"><div class="elementor-field-subgroup"><span
class="elementor-field-option"><input type="checkbox" value="Yes" id="form-field-sms-0" name="form_fields[sms]">
<label for="form-field-sms-0">I agree to receive SMS messages from North Star Properties, LLC. regarding my inquiry,
appointments and new listings. Message frequency varies. Message and data rates may apply. Reply STOP to opt out,
HELP for help. Consent is not a condition to purchase.</label></span></div></div>{LINKS}"""
LONG_SPANISH = """<label><input type="checkbox" name="sms">Sí, deseo recibir mensajes de texto con alertas de
propiedades de Inmobiliaria Lagos. Hasta 4 mensajes al mes. Pueden aplicarse cargos por mensajes y datos. Envíe AYUDA
para ayuda y BAJA para cancelar. Su consentimiento no es requisito de compra.</label>
<a href="/aviso-de-privacidad">Aviso de privacidad</a> <a href="/condiciones">Condiciones</a>"""

GOOD = {
    "two-boxes-mail-ticked": TWO_BOXES,
    "open-dialog": MODAL,
    "kiosk-list": KIOSK,
    "both-languages": BILINGUAL,
    "elementor": ELEMENTOR,
    "long-spanish": LONG_SPANISH,
    "spanish-ambos": page(**SPANISH | {"terms": '<a href="/t">Términos de uso</a>'}),
    "stop-in-curly-quotes": page(stop="Reply \u201cSTOP\u201d to unsubscribe."),
    "help-with-number": page(help="Text HELP or call (312) 555-0142 for help."),
    "frequency-times": page(frequency="You will get about four texts per month."),
    "rates-could": page(rates="Standard message & data rates may apply."),
    "condition-of-any": page(not_condition="Consent is not a condition of any purchase."),
    "not-needed": page(not_condition="Consent is not required to make a purchase."),
    "policy-in-label": page(privacy="", stop=f'{PARTS["stop"]} See our <a href="/pp">Privacy Policy</a>.'),
    "link-by-title": page(privacy='<a href="/pp" title="Privacy policy"><i class="icon"></i></a>'),
    "absolute-links": page(
        privacy='<a href="https://juniper.example/privacy?x=1#top">Privacy</a>',
        terms='<a href="//juniper.example/sms-terms">SMS Terms &amp; Conditions</a>',
    ),
}  # fmt: skip

FAULTY = {
    "box-ticked-by-class-is-not": (page(box='<input type="checkbox" id="sms" class="checked">'), set()),
    "both-boxes-required": (
        TWO_BOXES.replace("name=sms>", "name=sms required>"), {"checkbox"},
    ),
    "aria-required": (KIOSK.replace('aria-checked="false"', 'aria-checked="false" aria-required="true"'), {"checkbox"}),
    "one-box-for-texts-and-terms-only": (
        page(box="", before="<label><input type=checkbox> I accept the terms of use</label>"), {"checkbox"},
    ),
    "negated-consent": (page(not_condition="Consent is a condition of purchase, not a choice."), {"not_condition"}),
    "required-to-buy": (page(not_condition="Consent is required to purchase a home."), {"not_condition"}),
    "we-do-not-offer-help": (page(help="We do not help with loans."), {"help"}),
    "rates-only-in-alt": (
        page(rates='<img src="r.png" alt="Message and data rates may apply">'), {"rates"},
    ),
    "stop-only-in-alt": (page(stop='<img src="s.png" alt="Reply STOP to cancel">'), {"stop"}),
    "words-in-placeholder": (
        page(rates='<input placeholder="Message and data rates may apply">'), {"rates"},
    ),
    "words-in-textarea-value": (page(rates='<input type="hidden" value="Message and data rates may apply">'), {"rates"}),
    "words-in-option": (page(frequency="<option hidden>Message frequency varies</option>"), {"frequency"}),
    "privacy-link-is-a-button": (page(privacy="<button>Privacy Policy</button>"), {"privacy"}),
    "privacy-dead-anchor": (page(privacy='<a href="#nowhere">Privacy Policy</a>'), {"privacy"}),
    "privacy-void": (page(privacy='<a href="javascript:void(0)">Privacy Policy</a>'), {"privacy"}),
    "privacy-settings": (page(privacy='<a href="/c">Privacy settings</a>'), {"privacy"}),
    "terms-of-the-loan": (page(terms='<a href="/loans">Loan terms explained</a>'), {"terms"}),
    "no-messages-no-rates": (page(rates="Interest rates may apply."), {"rates"}),
    "stop-sign": (page(stop="Turn left at the stop sign."), {"stop"}),
    "do-not-reply-stop": (page(stop="Do not reply STOP to this number."), {"stop"}),
    "you-cannot-text-stop": (page(stop="You cannot text STOP to opt out."), {"stop"}),
    "no-help-by-text": (page(help="Texting HELP is not available."), {"help"}),
    "no-rates-will": (page(rates="Message and data rates do not apply."), {"rates"}),
    "spanish-is-condition": (
        page(**SPANISH | {"not_condition": "El consentimiento es una condición de compra."}), {"not_condition"},
    ),
    "spanish-ticked": (page(**SPANISH, box=BOX.replace(">", " checked>")), {"checkbox"}),
    "spanish-dead-link": (page(**SPANISH | {"privacy": '<a href="#">Política de privacidad</a>'}), {"privacy"}),
    "spanish-no-terms": (page(**SPANISH | {"terms": ""}), {"terms"}),
    "collapsed-details": (page(stop="<details><summary>More</summary>Reply STOP to cancel.</details>"), set()),
    "zero-opacity": (page(stop='<p style="opacity:0">Reply STOP to cancel.</p>'), {"stop"}),
    "box-without-words": (
        page(wish="Sign up for marketing texts from Juniper Realty.", box="").replace("<form", '<input type="checkbox"><h2>x</h2><form'),
        {"checkbox"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("html", GOOD.values(), ids=GOOD)
def test_a_good_page_passes(html):
    assert check(html) == dict.fromkeys(POINTS, True), findings(html)


@pytest.mark.parametrize(("html", "missing"), FAULTY.values(), ids=FAULTY)
def test_a_page_lacks_what_it_lacks_and_nothing_else(html, missing):
    assert {point for point, found in check(html).items() if not found} == missing, findings(html)
