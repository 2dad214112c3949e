"""Two thousand forged webhooks, none of which may do anything (W2; PROMISES 1.6, 4 row 7)."""

import base64
import hashlib
import hmac
import json
from itertools import pairwise
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest

from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.gateways import signature
from portal.texting_accounts import service as account_service
from tests.factories.messaging import make_leaving, make_ready
from tests.factories.numbers import make_carrier_account
from tests.messaging.hooks import PUBLIC, SMS, STATUS, Hook, everything

PARENT = "AC" + "0" * 32
PARENT_TOKEN = "0" * 32  # as the settings of the tests have it
SECONDARY = "5ec0d" * 6 + "ab"  # not promoted yet: nobody signs with it
CAROL = "+13125550177"
EVIL = "https://evil.example"
# What a webhook says with these must not change; the other names say nothing to us.
MATTERS = {
    SMS: {
        "AccountSid",
        "Body",
        "From",
        "To",
        "MessageSid",
        "NumMedia",
        "NumSegments",
        "OptOutType",
    },
    STATUS: {"AccountSid", "MessageSid", "MessageStatus", "ErrorCode"},
}


class Forger:
    """Knows everything but the token: what was signed elsewhere, and how the signature is made."""

    def __init__(self, ours, theirs, sender, text):
        self.ours, self.theirs = ours, theirs
        common = (("AccountSid", ours.account_sid), ("ApiVersion", "2010-04-01"))
        inbound = (
            *common,
            *(("FromCity", "CHICAGO"), ("FromCountry", "US"), ("FromState", "IL")),
            *(("NumMedia", "0"), ("NumSegments", "1"), ("SmsStatus", "received")),
            *(("From", CAROL), ("To", sender.e164), ("ToCountry", "US")),
        )
        news = (*common, ("From", sender.e164), ("To", text.e164))
        where = f"m={text.message_id}&a=1"
        self.stop = self._made(SMS, (*inbound, ("Body", "STOP")), 1)
        self.start = self._made(SMS, (*inbound, ("Body", "START"), ("OptOutType", "START")), 2)
        self.talk = self._made(SMS, (*inbound, ("Body", "No, I meant Monday. STOPping by?")), 3)
        self.delivered = self._made(STATUS, (*news, ("MessageStatus", "delivered")), 4, where)
        failed = (*news, ("MessageStatus", "failed"), ("ErrorCode", "30005"))
        self.failed = self._made(STATUS, failed, 5, where)
        self.genuine = (self.stop, self.start, self.talk, self.delivered, self.failed)

    def _made(self, path, params, number, query=""):
        hook = Hook(path, (*params, ("MessageSid", f"SM{number:032x}")), query)
        return hook.signed(self.ours.auth_token)

    # Each method yields one kind of forgery.

    def signatures(self, hook):
        right = hook.signature
        raw = base64.b64decode(right)
        said = (hook.url + "".join(n + v for n, v in sorted(hook.params))).encode()
        token = self.ours.auth_token.encode()
        yield from (None, "", " ", "=", "null", "undefined", "0", raw.hex(), right.lower())
        yield from (right[:-1], right + "=", right + right, f"{right},{right}", f'"{right}"')
        yield from (right.swapcase(), right[::-1], f"sha1={right}", f"Bearer {right}", "é" * 28)
        yield from (base64.urlsafe_b64encode(raw + b"\xff").decode(), "A" * 28, "A" * 10_000)
        yield b64(hashlib.sha1(said + token).digest())
        yield b64(hmac.new(token, said, hashlib.sha256).digest())
        yield b64(hmac.new(token, hook.url.encode(), hashlib.sha1).digest())
        yield b64(hmac.new(token, urlencode(hook.params).encode(), hashlib.sha1).digest())
        for place in range(20):  # every byte one off
            yield b64(bytes(b ^ (n == place) for n, b in enumerate(raw)))

    def tokens(self, hook):
        token = self.ours.auth_token
        yield from (self.theirs.auth_token, PARENT_TOKEN, SECONDARY, "")
        yield from (self.ours.account_sid, token.upper(), token + " ", token[:-1], token * 2)
        for place in range(len(token)):
            yield token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]

    def accounts(self, hook):
        """Another account's name under our signature, ours under another's, or two at once."""
        ours, theirs = self.ours.account_sid, self.theirs.account_sid
        theirs_signed = hook.signed(self.theirs.auth_token)
        yield from (theirs_signed, hook.with_params(AccountSid=theirs))
        for name in (None, "", PARENT, "AC" + "9" * 32, ours.upper(), ours + "\n", f" {ours}"):
            changed = hook.with_params(AccountSid=name)
            yield from (changed, changed.signed(self.ours.auth_token), changed.signed(PARENT_TOKEN))
        for more in (ours, theirs, ""):
            for token in (self.ours.auth_token, self.theirs.auth_token):
                yield hook.with_params(("AccountSid", more)).signed(token)

    def addresses(self, hook):
        """Signed by us, but for another address; and this address in another spelling."""
        path, query = hook.path, hook.query
        behind = f"?{query}" if query else ""
        for root in (
            *("https://localhost", "http://localhost:8000", "http://localhost:443", EVIL),
            *("http://127.0.0.1", "http://LOCALHOST", "http://localhost.", "HTTP://localhost"),
            *("http://user:pw@localhost", "http://user@localhost", "//localhost", ""),
        ):
            yield hook.signed(self.ours.auth_token, root + path + behind)
        for end in ("#", "#rc=5", "#rc=5&rp=all&ct=3000&rt=8000", "/", "?", "&", "%20", ";x"):
            yield hook.signed(self.ours.auth_token, hook.url + end)
        for other in (SMS, STATUS, path.upper(), path + "/", "/" + path, quote(path, safe="")):
            if other != path:
                yield hook.signed(self.ours.auth_token, PUBLIC + other + behind)
        for header in ("Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded"):
            value = "host=evil.example" if header == "Forwarded" else "evil.example"
            more = ((header, value), ("X-Forwarded-Proto", "https"))
            yield hook.but(headers=more).signed(self.ours.auth_token, EVIL + path + behind)
        encoded = path.replace("twilio", "%74wilio")
        for wire in (
            *(encoded + behind, path + behind + "#x", path + (behind or "?"), "/." + path + behind),
            *(f"{EVIL}{path}{behind}", f"http://user:pw@localhost{path}{behind}"),
        ):
            if wire != path + behind:
                yield hook.but(wire=wire)

    def queries(self, hook):
        """The address's own parameters: another text, another order, doubled, encoded."""
        other = UUID(int=7)
        for query in (
            *("", "x=1", "m=", f"m={other}", f"m={other}&a=1", f"{hook.query}&a=1"),
            *(f"{hook.query}&", f"&{hook.query}", f"{hook.query}&m={other}", "a=1"),
            *("&".join(reversed(hook.query.split("&"))), hook.query.replace("a=1", "a=2")),
            *(hook.query.replace("a=1", "a=%31"), hook.query.replace("-", "%2D")),
            *(hook.query.replace("&", ";"), hook.query.upper(), hook.query + "%00"),
        ):
            if query != hook.query:
                yield hook.but(query=query)

    def shifts(self, hook):
        """The signature joins names and values without a mark: cut them elsewhere (1.6)."""
        given = dict(sorted(hook.params))
        for before, name in pairwise(given):
            if name in MATTERS[hook.path] or before in MATTERS[hook.path] - {"Body"}:
                # swallowed by the one before it
                yield hook.with_params(**{name: None, before: given[before] + name + given[name]})
        for name in MATTERS[hook.path] & given.keys():
            value = given[name]
            for cut in range(1, len(value), 3) if name != "Body" else ():
                moved = name + value[:cut], value[cut:]  # the name takes part of its value
                yield hook.with_params(moved, **{name: None})
            for cut in range(1, len(name)):
                moved = name[:cut], name[cut:] + value
                yield hook.with_params(moved, **{name: None})
            previous = max((n for n in given if n < name), default=None)
            if previous not in (None, "Body"):  # a name begins in the value before it
                end = given[previous] + name[:3]
                yield hook.with_params((name[3:], value), **{name: None, previous: end})
        first = min(given)
        yield hook.but(query=hook.query + first + given[first]).with_params(**{first: None})

    def doubles(self, hook):
        """A value twice has the signature of one (1.6); two values are two meanings."""
        for name, value in hook.params:
            yield hook.with_params((name, value))
            yield hook.with_params((name, value), (name, value))
            for other in ("", value + "0", "STOP"):
                doubled = hook.with_params((name, other))
                yield doubled
                yield doubled.signed(self.ours.auth_token)

    def bodies(self, hook):
        """Other ways to say the same, which the carrier does not use."""
        as_json = json.dumps(dict(hook.params)).encode()
        digest = hashlib.sha256(as_json).hexdigest()
        for kind in ("application/json", "text/plain", "text/xml", "multipart/form-data", None):
            hashed = f"{hook.query}&bodySHA256={digest}".lstrip("&")
            yield hook.but(body=as_json, content_type=kind)
            bare = hook.but(params=(), query=hashed).signed(self.ours.auth_token)
            yield bare.but(body=as_json, content_type=kind)
            yield hook.but(content_type=kind)
        parts = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
            for n, v in hook.params
        )
        multipart = "multipart/form-data; boundary=x"
        yield hook.but(body=f"{parts}--x--\r\n".encode(), content_type=multipart)
        as_query = f"{hook.query}&{urlencode(hook.params)}".lstrip("&")
        yield hook.but(query=as_query, params=())
        yield hook.but(query=as_query, params=()).signed(self.ours.auth_token)
        form = urlencode(hook.params).encode()
        yield hook.but(body=b"")
        yield hook.but(body=form.replace(b"&", b";"))
        yield hook.but(body=form.decode().encode("utf-16"))
        yield hook.but(body=form + b"&Padding=" + b"x" * 1_000_000)
        yield hook.with_params(Padding="x" * 1_000_000).signed(self.ours.auth_token)
        many = [(f"P{n}", "x") for n in range(10_000)]
        yield hook.with_params(*many).signed(self.ours.auth_token)

    def methods(self, hook):
        as_query = f"{hook.query}&{urlencode(hook.params)}".lstrip("&")
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"):
            yield hook.but(method=method)
            asked = hook.but(method=method, query=as_query, params=())
            yield asked.signed(self.ours.auth_token)

    def changes(self, hook):
        """Anything changed after signing."""
        for name, value in hook.params:
            for changed in (
                "",
                value + " ",
                " " + value,
                value[:-1],
                value + "0",
                value.swapcase(),
            ):
                if changed != value:
                    yield hook.with_params(**{name: changed})
            yield hook.with_params((name + "x", value), **{name: None})
            yield hook.with_params(**{name: None})
        for name, value in (("OptOutType", "STOP"), ("Body", "STOP"), ("ErrorCode", "30002")):
            if dict(hook.params).get(name) != value:
                yield hook.with_params(**{name: value})

    def nonsense(self, hook):
        """Signed, but without the one meaning a webhook must have."""
        bad = {
            "MessageSid": ("", "SM", "CA" + "1" * 32, "SM" + "G" * 32, "SM" + "1" * 33, "../x"),
            "From": ("", "Carol", "+0", "12", "whatsapp:+13125550177", "+1312555017x", "+" * 16),
            "To": ("", "62966", "+", "+1 312 555 0100", "+13125550100,+13125550101"),
            "NumMedia": ("-1", "1e3", "ten", "100"),
            "NumSegments": ("-1", "x"),
            "OptOutType": ("stop", "STOP;", "S" * 17),
            "MessageStatus": ("", "DELIVERED", "delivered; drop", "x" * 21),
            "ErrorCode": ("x", "30005 ", "-1", "9" * 9),
        }
        of_news = ("MessageStatus", "ErrorCode", "MessageSid")
        of_texts = ("MessageSid", "From", "To", "NumMedia", "NumSegments", "OptOutType")
        for name in of_news if hook.path == STATUS else of_texts:
            for value in bad[name]:
                yield hook.with_params(**{name: value}).signed(self.ours.auth_token)
        for name in ("", "9", "a b", "Ä", "x" * 65, "<b>", "a\nb", "?m"):
            yield hook.with_params((name, "x")).signed(self.ours.auth_token)

    def all(self):
        """Yield the kind and the request of every forgery."""
        for hook in self.genuine:
            for given in self.signatures(hook):
                yield "signature", hook.but(signature=given)
            for token in self.tokens(hook):
                yield "token", hook.signed(token)
            for kind in (
                *(self.accounts, self.addresses, self.queries, self.shifts, self.doubles),
                *(self.bodies, self.methods, self.changes),
            ):
                for forged in kind(hook):
                    yield kind.__name__, forged
            for forged in self.nonsense(hook):
                yield "nonsense", forged


def b64(digest):
    return base64.b64encode(digest).decode()


@pytest.fixture
def forger(northside, lakeview):
    make_ready(lakeview)
    with unit_of_work():
        account_service.suspend(lakeview.id, "The carrier has suspended it.", SYSTEM)
    sender = make_ready(northside)
    ours = make_carrier_account(northside.organization_id)
    theirs = make_carrier_account(lakeview.organization_id)
    [text] = make_leaving(northside, 1, sender)
    return Forger(ours, theirs, sender, text)


def test_every_comparison_takes_the_same_time(forger, monkeypatch):
    """W2: in constant time, and all of them, whichever fits."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        signature.hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b)
    )
    hook = forger.stop
    for tokens in ([forger.ours.auth_token, SECONDARY], [SECONDARY, forger.ours.auth_token]):
        compared.clear()
        assert signature.is_genuine(hook.url, hook.params, hook.signature, tokens)
        assert len(compared) == 4  # each token, with and without the default port


def test_two_thousand_forgeries_are_refused_and_change_nothing(app, forger):
    """W2: 4xx each, and not one row of any table is another afterwards."""
    forged = list({hook: kind for kind, hook in forger.all()}.items())
    assert len(forged) >= 2_000
    before = everything()
    believed = [
        (kind, status, hook)
        for hook, kind in forged
        if not 400 <= (status := hook.post(app).status_code) < 500
    ]
    assert believed == []
    assert everything() == before
    for hook in forger.genuine:  # so it was the forgery that was refused
        assert hook.post(app).status_code < 300
    assert everything() != before
