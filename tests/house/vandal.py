"""Somebody who sends what nobody should, and the judge of every answer (PROMISES 4 rows 18-21)."""

import base64
import contextvars
import json
import re
import signal
from contextlib import contextmanager

from bs4 import BeautifulSoup, SoupStrainer

from portal.core.access import PERMISSIONS
from portal.core.db import db
from portal.optin.rules.wording import SAID
from tests import cast
from tests.house.property import NOBODY
from tests.house.test_idor import endpoint_of, filled_in

LONG = "x" * 100_000
# What computes for ever takes this process's own time, of which a busy machine takes none away:
# there a hang is as long as PROMISES says. What waits for ever (a lock, a socket, a sleep) takes
# none, so the clock on the wall is asked too, as late as no busy machine makes an answer come.
HANG_CPU_S = 5
HANG_WALL_S = 60


def _mark(value):
    """Return something written as our page marks are."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


BAD_TEXT = (
    "", "\0", "Annabel\0Lee", LONG, "\U0001f3e0" * 3_000, "e\u0301" * 2_000,
    "-1", "9" * 30, "1e309", "NaN", "\u0663\u0661\u0662\uff11", "+1", "+1312555014299999999",
    "0001-01-01", "9999-12-31", "2026-02-30", "0001-01-01T00:00:00+14:00", "25:61", "America/Nowhere",
    "not-an-id", "[", "https://[x].com", "2147483648", "9223372036854775808", "sNaN", str(NOBODY), "team:not-an-id", "a@b@c", "../../etc/passwd", "//evil.example/\\",
    '=HYPERLINK("https://x.example","pay")', "<script>alert(1)</script><h1>x", "{{7*7}} {first_name} {",
    "%s %n %00", "a\r\nSet-Cookie: desk=1", "\u202e\u200b\ufeff\u2028", "\x01\x08\x1b[31m\x7f",
)  # fmt: skip
# What a field of some kind nearly takes, by a part of its name: nonsense alone is refused at once.
ALMOST = (
    (re.compile("url|website|link|address|site|origins|next|page"), ("[", "https://[x].com", "http://[", "https://x.com:99999", "//[x]")),
    (re.compile("day|date|_on$|_at$|_from$|until|^(first|last)$|since|as_of"), ("0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59")),
    (re.compile("edits|limit|count$|number|days|watch|breach|above|before|after|amount|price|least|most"), ("2147483648", "9223372036854775808", "sNaN", "-1", "1e309")),
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
STOCK = ("The browser (or proxy)", "The server could not", "invalid", "Invalid", "oops", "not a valid", "This field")  # fmt: skip
KEPT = "input:not([type=hidden], [type=password], [type=file], [type=checkbox], [type=radio], [type=submit])[name], textarea[name]"  # fmt: skip
FORMS = SoupStrainer("form")
SAYS_WHY = "field__error|flash__item|notice__"
# A form the public fills in has no clothes of ours: it marks a field, or says what is wrong at its
# head, where "mend what is marked" alone is not enough. A kiosk that is over has no form to show.
_MEND = "|".join(re.escape(said["fix"]) for said in SAID.values())
SAYS_WHY_AT = {
    r"/f/[^/]+(/embed|/kiosk/[^/]+)?": f'class="wrong"|class="trouble" role="alert">(?!{_MEND})[^<]',
    r"/f/[^/]+/kiosk/[^/]+(/thanks)?": 'class="problem__text">[^<]',
}
# Forms that end what other forms need come last.
ENDING = (
    "contacts.delete", "messaging.discard", "messaging.cancel_campaign", "people.revoke_invitation",
    "messaging.enter_opt_out", "consent.add_do_not_contact", "people.disable_member",
    "people.admin_disable_user", "people.organization_settings", "people.accept",
)  # fmt: skip
LEAVES = {"people.sign_out", "people.revoke_session", "people.change_password", "static", "assets"}
IN_CACHES = ("/static", "/assets", "/metrics")
# Beside forms of the public, the same for everybody (C-4): a published version's style never changes,
# the lines that build the frame hold five minutes.
KEPT_AT = r"/f/[^/]+/(\d+/style\.css|embed\.js)"
RUNS = {"text/html", "image/svg+xml"}  # a script in anything else is text


class Hang(BaseException):
    """An answer took more time than any may; nothing of ours catches it."""


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
            with no_hang():
                answer = contextvars.Context().run(
                    lambda: self.person.client.open(url, method=method, buffered=True, **sent)
                )
        except (Exception, Hang) as error:
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

    def forms(self, opens=lambda _rule: True):
        """Return every form on the pages this person opens, of those `opens` says of a route."""
        found = {}
        for rule, url in self.places("GET"):
            if opens(rule):
                found |= self.forms_at(url)
        stays = {a: f for a, f in found.items() if endpoint_of(self, a) not in LEAVES}
        return dict(sorted(stays.items(), key=lambda form: ends(endpoint_of(self, form[0]))))

    def forms_at(self, url):
        """Return the forms of a page by address: what they would send, and which fields show."""
        answer = self.ask("GET", url)
        if answer is None or answer.status_code != 200 or answer.mimetype != "text/html":
            return {}
        text = answer.get_data(as_text=True)
        if 'method="post"' not in text:
            return {}
        page = BeautifulSoup(text, "html.parser", parse_only=FORMS)
        return {
            form["action"].partition("?")[0]: (
                filled_in(form),
                {f["name"] for f in form.select(KEPT)},
            )
            for form in page.select("form[method=post][action]")
        }


def nearly(name):
    """Return what a field of this name nearly takes; for most names, any bad text."""
    return next((values for of, values in ALMOST if of.search(name)), BAD_TEXT)


def may(app, rule, role):
    """Say whether a role opens a route, by what its view declares."""
    return getattr(app.view_functions[rule.endpoint], "access", None) in PERMISSIONS[role]


@contextmanager
def no_hang(cpu_s=HANG_CPU_S, wall_s=HANG_WALL_S):
    """Break off with Hang what takes too much time of the processor, or on the wall (S19)."""

    def stop(number, _frame):
        raise Hang(
            f"more than {cpu_s} s of the processor"
            if number == signal.SIGVTALRM
            else f"more than {wall_s} s on the wall"
        )

    clocks = (
        (signal.ITIMER_VIRTUAL, signal.SIGVTALRM, cpu_s),
        (signal.ITIMER_REAL, signal.SIGALRM, wall_s),
    )
    before = [signal.signal(number, stop) for _, number, _ in clocks]
    for clock, _, seconds in clocks:
        signal.setitimer(clock, seconds)
    try:
        yield
    finally:
        for clock, _, _ in clocks:
            signal.setitimer(clock, 0)
        for (_, number, _), handler in zip(clocks, before, strict=True):
            signal.signal(number, handler)


def ends(endpoint):
    """Return how late a form comes: 0, or more when it ends what others need."""
    return ENDING.index(endpoint) + 1 if endpoint in ENDING else 0


def judge(answer, url, typed=None):
    """Yield what is wrong with an answer to bad input."""
    is_of_api = url.startswith("/api")  # which asks no carrier: its 503 is a query that broke
    if answer.status_code in {502, 503} and "/numbers" in url and not is_of_api:
        return  # no carrier answers in tests
    if answer.status_code >= 500:
        yield "a server error"
    said = answer.get_data().decode(errors="replace")  # a picture is no text
    is_html, is_csv = answer.mimetype == "text/html", answer.mimetype == "text/csv"
    # Markup is text in a CSV, and runs in a page alone; a formula the other way round.
    if (answer.mimetype in RUNS and "<script>alert" in said) or (
        is_csv and re.search(r'(?m)(^|[,"])=HYPERLINK', said)
    ):
        yield "what was typed runs: a script, or a formula in a CSV"
    ways = (answer.headers.get(name, "").partition("?")[0] for name in ("Location", "HX-Redirect"))
    if any("evil" in way for way in ways):  # where one wanted to go is told to the sign-in page
        yield "leads away"
    path = url.partition("?")[0]
    is_kept = answer.status_code == 200 and re.fullmatch(KEPT_AT, path)
    if "no-store" not in answer.headers.get("Cache-Control", "") and not (
        url.startswith(IN_CACHES) or is_kept
    ):
        yield "may be kept in a cache"
    if is_html and "default-src 'none'" not in answer.headers.get("Content-Security-Policy", ""):
        yield "a page without its policy"
    if answer.request.method == "HEAD":
        return
    if answer.status_code >= 400 and not is_html and len(said.split()) < 3:
        yield f"nothing helpful is said: {said[:80]!r}"
    if answer.status_code >= 400 and is_html:
        yield from misfit(answer.status_code, said, path)
        if typed and answer.status_code not in {410, 429}:
            yield from lost(said, typed)


def misfit(status, html, path):
    """Yield what a refusing page lacks."""
    if "<html" in html and len(re.findall(r"<h1[ >]", html)) != 1:
        yield "a page has one h1"
    told = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    if not told:
        yield "nothing is said"
    ways = [SAYS_WHY, *(words for at, words in SAYS_WHY_AT.items() if re.fullmatch(at, path))]
    if status == 422 and not any(re.search(words, html) for words in ways):
        yield "nothing says what to mend"
    yield from (f"says {phrase!r}" for phrase in STOCK if phrase in told)


def lost(html, typed):
    """Yield the fields whose text a refused form no longer shows."""
    page, shown = BeautifulSoup(html, "html.parser"), {}
    for field in page.select(KEPT):
        value = field.get_text() if field.name == "textarea" else field.get("value", "")
        shown.setdefault(field["name"], []).append(value.split())
    shown.setdefault("body", []).extend(p.text.split() for p in page.select(".reply__kept p"))
    for name, value in typed.items():
        if value.split() not in shown.get(name, []):
            yield f"field {name} lost {value[:60]!r} for {shown.get(name)!r:.80}"
