"""Whether the carrier reaches us and is believed, and what mends it where not (issue 6)."""

import contextvars
import hashlib
from dataclasses import replace

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.core import settings as settings_module
from portal.gateways import webhooks
from portal.gateways.webhooks import NoAnswer
from portal.webhook_checks import rules
from portal.webhook_checks.values import Part
from tests import cast
from tests.factories.numbers import make_carrier_account
from tests.messaging.hooks import FORM, SMS, Hook

SIGNED = "https://texts.example.com/webhooks/twilio/check/abc?by=portal"


@pytest.mark.parametrize(
    ("seen", "hops", "trusted", "parts", "mend"),
    [
        (SIGNED, 1, 1, [], ""),
        (SIGNED.replace("https", "http"), 1, 0, [Part.SCHEME], "set TRUSTED_PROXIES=1"),
        (SIGNED.replace("https", "http"), 0, 0, [Part.SCHEME], "X-Forwarded-Proto"),
        (SIGNED.replace("https", "http"), 2, 2, [Part.SCHEME], "X-Forwarded-Proto"),
        (SIGNED.replace("texts", "inner"), 0, 0, [Part.HOST], "PUBLIC_URL=https://inner"),
        (SIGNED.replace(".com", ".com:8443"), 0, 0, [Part.PORT], "Host"),
        (SIGNED.replace("/webhooks", ""), 0, 0, [Part.PATH], "nothing cut off"),
        (SIGNED.partition("?")[0], 0, 0, [Part.QUERY], "query"),
        ("http://inner.example:99999/x", 0, 0, [*Part], "TLS"),
        (SIGNED.replace(".com", ".com:443"), 0, 0, [], ""),
    ],
)
def test_each_difference_is_named_with_the_setting_that_mends_it(seen, hops, trusted, parts, mend):
    found = rules.differences(SIGNED, seen, hops=hops, trusted=trusted)
    assert [one.part for one in found] == parts
    assert not parts or mend in found[0].mend


@pytest.mark.parametrize(
    ("hops", "trusted", "words"),
    [(0, 0, ""), (2, 1, "set TRUSTED_PROXIES=2"), (0, 1, "anybody may claim any address")],
)
def test_the_number_of_proxies_is_held_against_the_setting(hops, trusted, words):
    assert words in rules.proxies(hops, trusted)


class Way:
    """The way from our own server round to the portal, with what stands on it."""

    def __init__(self, app):
        self.app, self.calls, self.problem, self.status = app, [], "", None
        self.change = lambda hook: hook

    def post(self, url, headers, body):
        if self.problem:
            raise NoAnswer(self.problem)
        path, _, query = url.removeprefix("http://localhost").partition("?")
        kind, signature = headers["Content-Type"], headers["X-Twilio-Signature"]
        hook = Hook(path, (), query, signature, body=body.encode(), content_type=kind)
        self.calls.append(hook)
        if self.status:
            return self.status
        return contextvars.Context().run(lambda: self.change(hook).post(self.app)).status_code


@pytest.fixture
def way(app):
    before, found = webhooks.current(), Way(app)
    webhooks.use(found)
    make_carrier_account(cast.JUNIPER)
    yield found
    webhooks.use(before)


def _check(person, **ids):
    """Make a test call and return the page that tells of it."""
    prefix = "webhook_checks." if ids else "webhook_checks.admin_"
    person.post(f"{prefix}check", status=303, **ids)
    return person.get(f"{prefix}index", **ids)


def test_a_call_that_arrives_as_it_was_signed_is_believed(way, alice, pat):
    reply = _check(alice, organization_id=cast.JUNIPER)
    assert "The portal was reached, and the signature holds." in reply.text
    assert "Both addresses are the same." in reply.text
    assert "Texts, calls and news of numbers: The portal was reached" in reply.text
    assert "the signature holds" in _check(pat).text, "the installation's own token signs, too"
    token = way.calls[0].path.rpartition("/")[2]
    assert token not in reply.text
    assert [call.post(way.app).status_code for call in way.calls] == [403] * 4, "each counts once"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda hook: hook.but(query=""), "Let the proxy pass the query on as it comes."),
        (lambda hook: hook.but(wire="/inner" + hook.path), "with nothing cut off"),
        (lambda hook: hook.but(signature=None), "It carried no signature."),
        (lambda hook: hook.but(signature="A" * 28), "No token we hold made the signature."),
    ],
)
def test_what_was_changed_on_the_way_is_named(way, vera, change, words):
    way.change = change
    reply = _check(vera, organization_id=cast.JUNIPER)
    assert "the signature does not hold" in reply.text
    assert words in reply.text


def _rewrites_json(hook):
    return hook.but(body=hook.body.replace(b": ", b":")) if hook.content_type != FORM else hook


def _drops_the_digest(hook):
    return hook.but(query=hook.query.partition("&bodySHA256")[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_rewrites_json, "one that rewrites JSON"),
        (_drops_the_digest, "Let the proxy pass the query on as it comes."),
        (lambda hook: hook.but(signature="A" * 28), "No token we hold made the signature."),
        (lambda hook: hook.but(signature=None), "It carried no signature."),
    ],
)
def test_what_happens_to_news_in_json_on_its_way_is_named(way, alice, change, words):
    """N-3: it is another kind of body, signed through its address."""
    way.change = change
    reply = _check(alice, organization_id=cast.JUNIPER)
    told = "news of numbers: the portal was reached, but the signature does not hold."
    assert told in reply.text.lower()
    assert words in reply.text_of("main")


def test_only_news_suffers_from_a_proxy_that_rewrites_json(way, alice):
    way.change = _rewrites_json
    reply = _check(alice, organization_id=cast.JUNIPER)
    assert "Texts and calls: The portal was reached, and the signature holds." in reply.text


def test_a_proxy_that_is_not_counted_is_told_with_its_number(way, alice):
    named = (("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"))
    way.change = lambda hook: hook.but(headers=named)
    assert "set TRUSTED_PROXIES=1" in _check(alice, organization_id=cast.JUNIPER).text


def test_a_counted_proxy_says_what_the_address_was(way, alice, monkeypatch):
    counted = replace(settings_module.settings(), trusted_proxies=1)
    monkeypatch.setattr("portal.webhook_checks.views.settings", lambda: counted)
    monkeypatch.setattr(way.app, "wsgi_app", ProxyFix(way.app.wsgi_app, x_for=1, x_proto=1))
    named = (("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"))
    way.change = lambda hook: hook.but(headers=named)
    reply = _check(alice, organization_id=cast.JUNIPER)
    assert "Signatures hold" in reply.text
    assert "X-Forwarded-Proto" in reply.text


@pytest.mark.parametrize(
    ("status", "problem", "words"),
    [
        (None, "No answer within 5 seconds.", "did not answer: no answer within 5 seconds."),
        (301, "", "Set PUBLIC_URL to the address it leads to"),
        (400, "", "Host header"),
        (404, "", "with nothing cut off"),
        (502, "", "check its upstream"),
        (204, "", "A portal answered, but not this one."),
        (401, "", "without asking who calls"),
    ],
)
def test_a_call_that_never_arrives_says_who_answered_instead(way, alice, status, problem, words):
    way.status, way.problem = status, problem
    assert words in _check(alice, organization_id=cast.JUNIPER).text


def test_without_a_carrier_account_there_is_nothing_to_sign_with(app, alice):
    reply = alice.post("webhook_checks.check", organization_id=cast.JUNIPER, status=409)
    assert "has no account at the carrier yet" in reply.text


def _text(credentials, sid="SM" + "1" * 32):
    params = {"AccountSid": credentials.account_sid, "MessageSid": sid, "To": "+13125550199"}
    params |= {"From": "+13125550177", "Body": "Between us"}
    return Hook(SMS, tuple(params.items()))


def test_a_webhook_signed_for_an_old_address_shows_which_one(app, alice):
    credentials = make_carrier_account(cast.JUNIPER)
    hook = _text(credentials)
    old = hook.but(headers=(("X-Forwarded-Host", "old.example.com"),)).signed(
        credentials.auth_token, f"https://old.example.com{SMS}"
    )
    assert old.post(app).status_code == 403
    shown = alice.get("webhook_checks.index", organization_id=cast.JUNIPER).text
    assert "The carrier signed it, but for another address than ours." in shown
    assert f"Signed https://old.example.com{SMS}" in shown
    assert "Differs in: scheme, host, port." in shown
    assert "Between us" not in shown


def test_the_last_genuine_and_the_last_refused_stand_beside_each_other(app, alice, pat, mallory):
    credentials = make_carrier_account(cast.JUNIPER)
    genuine = _text(credentials).signed(credentials.auth_token)
    assert genuine.post(app).status_code == 200
    assert genuine.but(signature="A" * 28).post(app).status_code == 403
    assert genuine.with_params(AccountSid="AC" + "9" * 32).post(app).status_code == 403
    shown = alice.get("webhook_checks.index", organization_id=cast.JUNIPER).text
    assert "Believed" in shown
    assert "No token we hold made the signature." in shown
    assert "It named no carrier account of ours." not in shown, "that is for operators alone"
    everything = pat.get("webhook_checks.admin_index").text
    assert "It named no carrier account of ours." in everything
    assert "Juniper Realty" in everything
    said = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "Webhook sms last believed" in said
    assert "nobody's account: It named no carrier account of ours." in said
    theirs = mallory.get("webhook_checks.index", organization_id=cast.LAKEVIEW_HOMES).text
    assert "Nothing came yet" in theirs


def test_a_webhook_under_a_foreign_host_name_is_told_to_operators(app, pat, monkeypatch):
    """W2: a proxy that does not pass the Host on keeps every webhook out."""
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["localhost"])
    credentials = make_carrier_account(cast.JUNIPER)
    hook = _text(credentials).signed(credentials.auth_token)
    assert hook.but(headers=(("Host", "inner.example"),)).post(app).status_code == 400
    shown = pat.get("webhook_checks.admin_index").text
    assert "Seen http://inner.example/webhooks/twilio/sms" in shown
    assert "Let the proxy pass the Host header on as it comes" in shown


def _news(body=b'{"phone_number": "+13125550199", "status": "PortOutPhoneNumberRejected"}'):
    digest = hashlib.sha256(body).hexdigest()
    hook = Hook("/webhooks/twilio/porting", (), f"bodySHA256={digest}", body=body)
    return hook.but(content_type="application/json")


def test_news_of_numbers_is_remembered_for_operators_alone(app, alice, pat):
    token = settings_module.settings().twilio_auth_token
    assert _news().signed(token).post(app).status_code == 204
    assert _news().signed(token).but(body=b"{}").post(app).status_code == 403
    everything = pat.get("webhook_checks.admin_index").text_of("#marks")
    assert everything.count("News of numbers brought over The whole installation") == 2
    assert "The address was signed, but with another body." in everything
    assert "+13125550199" not in everything
    assert "Nothing came yet" in alice.get(
        "webhook_checks.index", organization_id=cast.JUNIPER
    ).text_of("#marks")
    said = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "Webhook porting last believed" in said


def test_news_signed_for_an_old_address_shows_which_one(app, pat):
    token = settings_module.settings().twilio_auth_token
    news = _news()
    old = news.but(headers=(("X-Forwarded-Host", "old.example.com"),)).signed(
        token, news.url.replace("http://localhost", "https://old.example.com")
    )
    assert old.post(app).status_code == 403
    shown = pat.get("webhook_checks.admin_index").text
    assert "The carrier signed it, but for another address than ours." in shown
    assert "Signed https://old.example.com/webhooks/twilio/porting" in shown
