"""What a form, a file or a webhook says that is wrong is refused in words, and nothing typed is lost.

The rest of what nobody should send is in test_fuzz.
"""

import io
import os
import random
import zipfile
from functools import partial

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.test import EnvironBuilder, TestResponse

from portal.contacts.values import Language
from portal.core.access import Role
from portal.optin.rules.wording import SAID
from tests.factories.numbers import make_carrier_account
from tests.house.test_idor import endpoint_of
from tests.house.vandal import BAD_TEXT, LONG, Vandal, judge, may, nearly

# How many bad values each field gets; a run that wants them all says BAD_INPUT_DEPTH=99.
DEPTH = int(os.environ.get("BAD_INPUT_DEPTH", "1"))
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
# Who looks for forms, and where: an officer has some of their own on pages of the organization.
ASKS = {
    "alice": lambda app, rule: not may(app, rule, Role.ADMIN),
    "vera": lambda app, rule: (
        rule.rule.startswith("/organizations") and may(app, rule, Role.COMPLIANCE_OFFICER)
    ),
    "pat": lambda app, rule: may(app, rule, Role.ADMIN),
    "anyone": lambda app, rule: app.view_functions[rule.endpoint].access == "open_to_all",
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


def some(seed, values, most=1):
    """Return a few of the values, always the same for the same seed."""
    return random.Random(str(seed)).sample(values, min(most, len(values)))


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


def test_no_field_of_a_form_breaks_its_page_and_none_is_lost(vandal_as):
    """Each field in turn holds what it should not, the others what they did."""
    tried = set()
    for name, opens in ASKS.items():
        vandal = vandal_as(name)
        for action, (data, visible) in vandal.forms(partial(opens, vandal.person.app)).items():
            endpoint = endpoint_of(vandal, action)
            for field in sorted(data.keys() - {"csrf_token"}):
                if (endpoint, field) in tried:
                    continue
                tried.add((endpoint, field))
                others = {n: v for n, v in data.items() if n != field}
                typed = {n: v for n, v in others.items() if n in visible}
                seed = f"{endpoint}{field}"
                values = [*some(seed, nearly(field), DEPTH), *some(seed, BAD_TEXT, DEPTH)]
                for value in dict.fromkeys(values):
                    vandal.ask("POST", action, typed, data={**data, field: value})
                    typed = None  # looked at once for each field
                vandal.ask("POST", action, data=others)
    assert len(tried) > 100


def test_a_next_page_elsewhere_is_none(alice):
    """PROMISES 4 row 18."""
    for place in ("//evil.example", "/\\evil.example", "https://evil.example", "/\tevil", "x"):
        assert alice.get("people.sign_in", 303, query={"next": place}).location == "/", place


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
    assert anyone.client.post(url, json={"Body": 1}).status_code == 415


@pytest.mark.parametrize("path", ["/m/%00", "/media/a%00b", "/verify/%00", "/f/%00"])
def test_an_address_with_a_nul_in_it_names_nothing(path, anyone):
    # PostgreSQL compares no text with a NUL: asked about it, the page was an error of ours.
    assert anyone.client.get(path).status_code == 404


def test_a_foreign_host_is_refused_and_not_an_error_of_ours(app, client, monkeypatch):
    """S17: with a carrier account set, the portal answers to its own name alone."""
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["localhost"])
    answer = client.get("/sign-in", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    assert client.get("/sign-in", headers={"Host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("mimetype", "said", "is_bad"),
    [
        ("text/html", "<script>alert(1)</script>", True),
        ("image/svg+xml", "<script>alert(1)</script>", True),
        ("text/csv", "<script>alert(1)</script>", False),
        ("text/csv", '"=HYPERLINK(1)"', True),
        ("text/html", '"=HYPERLINK(1)"', False),
    ],
)
def test_what_runs_is_told_by_what_opens_it(mimetype, said, is_bad):
    """A script runs in a page, a formula in a table; either is plain text in the other."""
    assert bool(list(judge(_answer(said, mimetype=mimetype), "/x"))) is is_bad


@pytest.mark.parametrize(
    ("path", "said", "is_bad"),
    [
        ("/f/x", "class='field' Look at what is marked.", True),
        ("/f/x", f'<p class="trouble" role="alert">{SAID[Language.EN]["fix"]}</p>', True),
        ("/f/x", f'<p class="trouble" role="alert">{SAID[Language.EN]["stale"]}</p>', False),
        ("/f/x/embed?a=1", '<span class="wrong" id="phone-error">Give a number.</span>', False),
        ("/f/x/kiosk/t", '<p class="problem__text">This kiosk has been up too long.</p>', False),
        ("/accounts/x", '<p class="trouble" role="alert">Give a number.</p>', True),
        ("/accounts/x", '<p class="problem__text">We could not do that.</p>', True),
    ],
)
def test_a_form_of_the_public_says_what_to_mend_in_its_own_clothes_and_no_other(path, said, is_bad):
    assert bool(list(judge(_answer(said, "422 REFUSED"), path))) is is_bad


@pytest.mark.parametrize(
    ("path", "status", "is_bad"),
    [
        ("/f/x/1/style.css?v=1", "200 OK", False),
        ("/f/x/embed.js", "200 OK", False),
        ("/f/x/1/style.css", "404 NOT FOUND", True),
        ("/f/x/1/style.css/x", "200 OK", True),
        ("/f/x", "200 OK", True),
    ],
)
def test_beside_a_form_of_the_public_only_what_is_the_same_for_all_is_cached(path, status, is_bad):
    answer = _answer("We found no such page.", status, mimetype="text/css")
    answer.headers["Cache-Control"] = "public, max-age=300"
    assert bool(list(judge(answer, path))) is is_bad


def _answer(said, status="200 OK", mimetype="text/html"):
    headers = {
        "Content-Type": mimetype,
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'",
    }
    request = EnvironBuilder().get_request()
    return TestResponse([said.encode()], status, Headers(headers), request)
