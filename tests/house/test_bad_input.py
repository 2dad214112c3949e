"""Nothing anybody sends breaks a page (issue: bad input; PROMISES 4 rows 2-5, 18-21).

Every route is asked as the cast with queries, forms, files and headers no browser would send.
The answer is never a 5xx; a 4xx says in words what is wrong, and what was typed is still there.
"""

import base64
import contextvars
import io
import json
import os
import random
import re
import zipfile

import pytest
from bs4 import BeautifulSoup
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from portal.core.db import db
from tests import cast
from tests.factories.numbers import make_carrier_account
from tests.house.test_idor import NOBODY, endpoint_of, filled_in, listen, settle

# How many bad values each field gets; a run that wants them all says BAD_INPUT_DEPTH=99.
DEPTH = int(os.environ.get("BAD_INPUT_DEPTH", "2"))
LONG = "x" * 100_000


def _mark(value):
    """Return something written as our page marks are."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


BAD_TEXT = (
    "", "\0", "Annabel\0Lee", LONG, "\U0001f3e0" * 3_000, "e\u0301" * 2_000,
    "-1", "9" * 30, "1e309", "NaN", "\u0663\u0661\u0662\uff11", "+1", "+1312555014299999999",
    "0001-01-01", "9999-12-31", "2026-02-30", "0001-01-01T00:00:00+14:00", "25:61", "America/Nowhere",
    "not-an-id", str(NOBODY), "team:not-an-id", "a@b@c", "../../etc/passwd", "//evil.example/\\",
    '=HYPERLINK("https://x.example","pay")', "<script>alert(1)</script><h1>x", "{{7*7}} {first_name} {",
    "%s %n %00", "a\r\nSet-Cookie: desk=1", "\u202e\u200b\ufeff\u2028", "\x01\x08\x1b[31m\x7f",
)  # fmt: skip
_NEWEST = {"sort": "newest"}
BAD_MARKS = (
    ({}, "!!!"),
    ({}, _mark(b"\xff\xfe\x00")),
    ({}, _mark(b"[" * 4_000)),
    ({}, _mark([["n"], "name", "a", str(NOBODY)])),
    ({}, _mark(["n", "name", "a\0b", str(NOBODY)])),
    ({}, _mark(["n", ["name"], 1, None])),
    (_NEWEST, _mark(["n", "newest", "0001-01-01T00:00:00+14:00", str(NOBODY)])),
    (_NEWEST, _mark(["n", "newest", "9999-12-31T23:59:59-14:00", str(NOBODY)])),
    ({}, _mark(f"0001-01-01T00:00:00+14:00 {NOBODY}".encode())),
    ({}, "0001-01-01T00:00:00+14:00"),
    ({}, "99999999999999999.9"),
    ({}, "1e18_" + NOBODY.hex),
)
BAD_QUERIES = ("q=%ff%fe&after=%00", "after=%c0%80", "ids=%zz&ids=&ids=1", "%", "&&&==", "page=-1&before=-1")  # fmt: skip
# Names looked up where no test can hear it.
ALSO_ASKED = {
    "contacts.index": {"q", "tag", "state", "source", "reach", "sort", "selection", "ids"},
}
SHAPES = (
    {"data": b"a=%ff&b=\xff\xfe&=&&body", "content_type": "application/x-www-form-urlencoded"},
    {
        "data": b"body[]=1&body[0][x]=2&ids=1&ids=2",
        "content_type": "application/x-www-form-urlencoded",
    },
    {"data": b"--x\r\nnothing", "content_type": "multipart/form-data; boundary=x"},
    {"data": b"--x", "content_type": "multipart/form-data"},
    {"data": b"[1, 2", "content_type": "application/json"},
    {"data": b"\xff\xfe\0\0", "content_type": "text/plain; charset=utf-16"},
    {"data": b"x" * 1_100_000, "content_type": "application/x-www-form-urlencoded"},
    {
        "data": b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n' * 2_100 + b"--x--",
        "content_type": "multipart/form-data; boundary=x",
    },
)
HEADERS = (
    ("HX-Request", "true"),
    ("HX-Request", "\xff"),
    ("HX-Boosted", "true"),
    ("HX-Current-URL", "javascript:alert(1)"),
    ("HX-History-Restore-Request", "x"),
    ("HX-Target", "<script>"),
    ("Cookie", "desk=" + LONG[:60_000]),
    ("Cookie", "desk=a.b.c; desk=\xe9; =; ;;"),
    ("Cookie", "desk=eyJ4Ijo1fQ.aaaa.bbbb"),
    ("Host", "evil.example"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-For", "evil.example, ::1, 999.9.9.9"),
    ("X-Forwarded-Proto", "javascript"),
    ("Referer", "https://evil.example/"),
    ("Range", "bytes=5-1,-1,x"),
    ("If-Modified-Since", "Feb 31"),
    ("If-None-Match", '"\\'),
    ("Accept-Language", "x" * 5_000),
    ("Accept-Encoding", "br;q=nan, *;q=-1"),
    ("Content-Length", "-1"),
    ("Content-Type", "multipart/form-data"),
    ("Authorization", "Basic \xff"),
    ("User-Agent", LONG),
)
ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w") as packed:
    packed.writestr("xl/workbook.xml", "<workbook/>")
# Each file, and words of the refusal; None goes in, whatever its rows come to.
FILES = {
    "empty": (b"", "empty"),
    "blank": (b" \r\n\r\n", "empty"),
    "only_header": (b"First name,Last name,Phone\n", "header but no rows"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a picture"),
    "workbook": (ZIP.getvalue(), "an Excel workbook"),
    "web_page": (b"<!DOCTYPE html><html><body>Sign in", "a web page"),
    "binary": (bytes(range(1, 9)) + bytes(5) + b"\xff\xfe" * 40, "NUL"),
    "nul_in_a_cell": (b"First name,Phone\nAnn\0,3125550142\n", "Line 2"),
    "columns": ((",".join("abcdefghij" * 1_000) + "\n").encode() * 2, "10000 columns"),
    "quote": (b'First name,Phone\n"Ann,3125550142\n' + b"Bea,3125550143\n" * 90, "quotation mark"),
    "giant_line": (b"First name,Phone\n" + b"x" * 400_000 + b",3125550142\n", "Line 2"),
    "one_column": (b"Phone\n3125550142\nnobody\n", None),
    "utf_16": ("First name,Phone\nZo\u00eb,3125550142\n".encode("utf-16"), None),
    "same_headers": (b"Phone,Phone,Phone\n3125550142,,x\n", None),
    "ragged": (b"First name,Phone\n\nAnn\n,,,,\nBea,3125550143,x,y,z\n", None),
    "formulas": (b'First name,Phone\n=1+1,+13125550144\n"@SUM(A1)",=3125550145\n', None),
    "returns": (b"First name,Phone\rAnn,3125550146\r", None),
}
SID = "SM" + "0" * 32
GOOD_WEBHOOK = {
    "MessageSid": SID, "From": "+13125550142", "To": "+13125550199", "Body": "Hi", "MessageStatus": "sent",
}  # fmt: skip
WEBHOOKS = (
    ({"MessageSid": None}, 400, "MessageSid must be there exactly once"),
    ({"MessageSid": "SM1"}, 400, "MessageSid does not have its form"),
    ({"MessageSid": [SID, SID]}, 400, "MessageSid must be there exactly once"),
    ({"ErrorCode": "x"}, 400, "ErrorCode"),
    ({"NumMedia": "-1"}, 400, "NumMedia"),
    ({"a b": "1"}, 400, "letters and digits"),
    ({"AccountSid": "AC" + "f" * 32}, 403, ""),
    ({"AccountSid": "AC\0"}, 403, ""),
    ({"Body": LONG}, 413, ""),
)
HTMX = {"HX-Request": "true"}
STOCK = ("The browser (or proxy)", "The server could not", "invalid", "Invalid", "oops", "not a valid", "This field")  # fmt: skip
KEPT = "input:not([type=hidden], [type=password], [type=file], [type=checkbox], [type=radio], [type=submit])[name], textarea[name]"  # fmt: skip
PERSONS = {"alice": DEPTH, "bob": 1, "vera": 1, "pat": DEPTH, "anyone": DEPTH}
# Forms that end what other forms need come last.
ENDING = ("messaging.enter_opt_out", "consent.add_do_not_contact", "people.accept")
LEAVES = {"people.sign_out", "people.revoke_session", "people.change_password", "static", "assets"}


class Vandal:
    """Somebody who sends what nobody should, and keeps every answer that is not good enough."""

    def __init__(self, person, own):
        self.person, self.own = person, own
        self.asked, self.complaints = 0, []

    def ask(self, method, url, typed=None, **sent):
        """Ask, and judge the answer; `typed` are form fields that must still be there on a 4xx."""
        db.session.rollback()
        self.asked += 1
        try:
            answer = contextvars.Context().run(
                lambda: self.person.client.open(url, method=method, buffered=True, **sent)
            )
        except Exception as error:
            self._complain(f"{type(error).__name__}: {error}", method, url, sent)
            return None
        if "/sign-in" in answer.headers.get("Location", "") and self.person.user_id:
            cast.sign_in(self.person.client, self.person.user_id)
        for complaint in judge(answer, url, typed):
            self._complain(f"{answer.status_code}: {complaint}", method, url, sent)
        return answer

    def _complain(self, what, method, url, sent):
        shown = re.sub(r"(.)\1{40,}", r"\1...", repr(sent), flags=re.DOTALL)[:400]
        self.complaints.append(f"{what[:300]}\n    {method} {url[:200]} {shown}")

    def places(self, method, *, leaving=False):
        """Give every route of a method with a URL of one's own."""
        for rule in self.person.app.url_map.iter_rules():
            if method in rule.methods and (leaving or rule.endpoint not in LEAVES):
                yield rule, self.person.url(rule.endpoint, **self.own.for_rule(rule))

    def forms(self):
        """Return every form on the pages this person opens."""
        found = {}
        for _, url in self.places("GET"):
            found |= self.forms_at(url)
        stays = {a: f for a, f in found.items() if endpoint_of(self, a) not in LEAVES}
        return dict(sorted(stays.items(), key=lambda form: self._ends(form[0])))

    def _ends(self, action):
        endpoint = endpoint_of(self, action)
        return ENDING.index(endpoint) + 1 if endpoint in ENDING else 0

    def forms_at(self, url):
        """Return the forms of a page by address: what they would send, and which fields show."""
        answer = self.ask("GET", url)
        if answer is None or answer.status_code != 200 or answer.mimetype != "text/html":
            return {}
        page = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
        return {
            form["action"].partition("?")[0]: (
                filled_in(form),
                {f["name"] for f in form.select(KEPT)},
            )
            for form in page.select("form[method=post][action]")
        }


def judge(answer, url, typed=None):
    """Yield what is wrong with an answer to bad input."""
    if answer.status_code in {502, 503} and "/numbers" in url:
        return  # no carrier answers in tests
    if answer.status_code >= 500:
        yield "a server error"
    html = answer.get_data(as_text=True)
    is_csv = answer.mimetype == "text/csv"
    if "<script>alert" in html or (is_csv and re.search(r'(?m)(^|[,"])=HYPERLINK', html)):
        yield "what was typed runs: a script, or a formula in a CSV"
    if answer.status_code < 400 or answer.mimetype != "text/html":
        return
    is_whole = "<html" in html
    if is_whole and len(re.findall(r"<h1[ >]", html)) != 1:
        yield "a page has one h1"
    words = re.sub(r"<[^>]*>", " ", html).split()
    if not words:
        yield "nothing is said"
    if answer.status_code == 422 and "field__error" not in html and "notice" not in html:
        yield "nothing says what to mend"
    told = " ".join(words)
    yield from (f"says {phrase!r}" for phrase in STOCK if phrase in told)
    if typed and answer.status_code not in {410, 429}:
        yield from lost(html, typed)


def lost(html, typed):
    """Yield the fields whose text a refused form no longer shows."""
    shown = {}
    for field in BeautifulSoup(html, "html.parser").select(KEPT):
        value = field.get_text() if field.name == "textarea" else field.get("value", "")
        shown.setdefault(field["name"], []).append(value.split())
    for name, value in typed.items():
        if value.split() not in shown.get(name, []):
            yield f"field {name} lost {value[:60]!r} for {shown.get(name)!r:.80}"


@pytest.fixture
def own(northside):
    """One of everything, so that each route has something to show."""
    return settle(northside, cast.ALICE, cast.NORTHSIDE_TEAM, "+13125550171", "+13125550172")


@pytest.fixture
def vandal_as(own, app, monkeypatch, request):
    """Give a vandal by name; at the end all their complaints are told."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", True)  # a bug shows its cause
    found = []

    def become(name):
        found.append(Vandal(request.getfixturevalue(name), own))
        return found[-1]

    yield become
    complaints = [complaint for vandal in found for complaint in vandal.complaints]
    assert all(vandal.asked > 10 for vandal in found)
    assert not complaints, f"{len(complaints)} complaints\n" + "\n".join(complaints)


def some(seed, values, most=1):
    """Return a few of the values, always the same for the same seed."""
    return random.Random(str(seed)).sample(values, min(most, len(values)))


@pytest.mark.parametrize("name", PERSONS)
def test_no_query_breaks_a_page(name, vandal_as, monkeypatch):
    vandal, heard = vandal_as(name), listen(monkeypatch)
    for rule, url in vandal.places("GET"):
        heard.clear()
        answer = vandal.ask("GET", url)
        if answer is None or answer.status_code in {403, 404}:
            continue
        names = heard | ALSO_ASKED.get(rule.endpoint, set())
        for asked in sorted(names) if PERSONS[name] > 1 else ():
            for value in some(f"{rule}{asked}", BAD_TEXT, PERSONS[name]):
                vandal.ask("GET", url, query_string={asked: value[:8000]})
            for sort, mark in BAD_MARKS if asked in {"after", "before"} and name == "alice" else ():
                vandal.ask("GET", url, query_string={asked: mark, **sort}, headers=HTMX)
        vandal.ask("GET", url, query_string=some(rule, BAD_QUERIES)[0], headers=HTMX)


@pytest.mark.parametrize("name", PERSONS)
def test_no_field_of_a_form_breaks_its_page_and_none_is_lost(name, vandal_as):
    """Each field in turn holds what it should not, the others what they did."""
    vandal = vandal_as(name)
    for action, (data, visible) in vandal.forms().items():
        for field in sorted(data.keys() - {"csrf_token"}):
            others = {n: v for n, v in data.items() if n != field}
            typed = {n: v for n, v in others.items() if n in visible}
            for value in some(f"{endpoint_of(vandal, action)}{field}", BAD_TEXT, PERSONS[name]):
                vandal.ask("POST", action, typed, data={**data, field: value})
                typed = None  # looked at once for each field
            if PERSONS[name] > 1:
                vandal.ask("POST", action, data=others)


@pytest.mark.parametrize("name", ["alice", "pat"])
def test_no_shape_of_a_request_breaks_a_route(name, vandal_as, monkeypatch):
    """What comes may be no form at all, or hold a file, a list or NUL in every field."""
    vandal, heard = vandal_as(name), listen(monkeypatch)
    for rule, url in vandal.places("POST", leaving=True):
        heard.clear()
        answer = vandal.ask("POST", url)
        if answer is not None and answer.status_code in {403, 404}:
            continue
        names = sorted(heard - {"csrf_token"}) or ["f"]
        for shape in (
            {"data": dict.fromkeys(names, "Annabel\0Lee")},
            {"json": {asked: [{"a": 1}, 5] for asked in names}},
            {"data": {asked: (io.BytesIO(b"\0\xff"), "\u202efile.exe") for asked in names}},
            some(rule, SHAPES)[0],
        ):
            vandal.ask("POST", url, **shape)


def test_no_header_breaks_a_page_or_leads_away(vandal_as):
    """PROMISES 4 rows 18 and 19: a forged host, or a next page elsewhere, has no effect."""
    vandal = vandal_as("alice")
    for rule, url in vandal.places("GET"):
        for header, value in some(rule, HEADERS):
            answer = vandal.ask("GET", url, headers={header: value})
            if answer is not None:
                assert "evil" not in answer.headers.get("Location", ""), url
                assert b"evil.example" not in answer.data, url
    for place in ("//evil.example", "/\\evil.example", "https://evil.example", "/\tevil", "x"):
        answer = vandal.ask("GET", "/sign-in", query_string={"next": place})
        assert answer.headers["Location"] == "/"


def test_a_made_up_address_is_missing_and_nothing_is_kept_in_caches(vandal_as):
    """PROMISES 4 row 20: /inbox/x.css is no page, and no page is cached."""
    vandal = vandal_as("alice")
    for rule, url in vandal.places("GET"):
        start = url.rstrip("/")
        vandal.ask(some(rule, ("PUT", "PATCH", "DELETE"))[0], url)
        made_up = start + some(rule, ("/x.css", "/%00", "/..%2fetc/passwd"))[0]
        assert vandal.ask("GET", made_up).status_code in {404, 405, 308}, made_up
        is_kept = rule.endpoint == "health.metrics"
        assert is_kept or "no-store" in vandal.ask("GET", url).headers["Cache-Control"], url


@pytest.mark.parametrize("endpoint", ["contacts.upload", "consent.upload"])
def test_any_file_is_imported_or_refused_in_words(endpoint, vandal_as, northside):
    """K-1: what is no CSV says what it is and what to do; what is odd goes all the way."""
    vandal = vandal_as("alice")
    upload = vandal.person.url(endpoint, account_id=northside.id)
    for file, (content, words) in FILES.items():
        name = some(file, (f"{file}.csv", "../../=cmd|'x'!A1\0" + LONG[:5000] + ".csv"))[0]
        answer = vandal.ask("POST", upload, data={"file": (io.BytesIO(content), name)})
        assert answer.status_code == (303 if words is None else 422), file
        if words is not None:
            assert words in answer.get_data(as_text=True), file
            continue
        here = answer.headers["Location"]
        for step in ("columns", "start"):
            data, _ = vandal.forms_at(here).get(f"{here}/{step}", ({}, ()))
            vandal.ask("POST", f"{here}/{step}", data={"consent_source": "none_yet", **data})
        for look in ("", "/progress", "/columns", "/rejects"):
            vandal.ask("GET", here + look)


@pytest.mark.parametrize("path", ["sms", "status"])
def test_a_webhook_that_is_none_is_refused_in_words(path, anyone, northside):
    """PROMISES 4 row 7: no signature, a wrong one, a wrong form, too much of it."""
    credentials = make_carrier_account(northside.organization_id)
    url = f"http://localhost/webhooks/twilio/{path}"
    for change, status, words in WEBHOOKS:
        params = GOOD_WEBHOOK | change
        params = {name: value for name, value in params.items() if value is not None}
        params["AccountSid"] = params.get("AccountSid", credentials.account_sid)
        signed = RequestValidator(credentials.auth_token).compute_signature(url, MultiDict(params))
        for signature, wanted in ((signed, status), ("\xe9", 403), (None, 403)):
            answer = anyone.client.post(
                url, data=params, headers={"X-Twilio-Signature": signature} if signature else {}
            )
            assert answer.status_code == (413 if status == 413 else wanted), (change, answer.data)
            if answer.status_code == 400:
                assert words in answer.get_data(as_text=True)
    odd = f"{url}?m=not-an-id&a=" + "9" * 30
    params = {**GOOD_WEBHOOK, "AccountSid": credentials.account_sid}
    signed = RequestValidator(credentials.auth_token).compute_signature(odd, MultiDict(params))
    answer = anyone.client.post(odd, data=params, headers={"X-Twilio-Signature": signed})
    assert answer.status_code in {200, 204}
    assert anyone.client.get(url).status_code == 405
    assert anyone.client.post(url, json={"Body": 1}).status_code == 403
