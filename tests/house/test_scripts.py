"""What people store is shown as words, whatever it says (S4).

Every free text of the database holds what would run in a page that does not escape. Then every
page and piece of one is opened and compared with what harmless words made of it.
"""

import contextvars
import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.email import Letter, as_message
from tests.factories.mail import kept
from tests.house.payloads import PAYLOADS, SUM, poison

pytestmark = pytest.mark.pages

TURNS = 2
ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "hx-push-url", "data", "poster", "srcset"}  # fmt: skip
RAW = tuple(p for p in PAYLOADS if re.match(r"<[a-zA-Z/!?]", p))
SKIPPED = {"static", "assets"}


class Reader:
    """Opens every page as somebody, and keeps what the pages are made of."""

    def __init__(self, person, own):
        self.person, self.own = person, own
        self.pages, self.handed_out = 0, set()  # the addresses of files: no browser shows them

    def read(self):
        """Yield address and source of every page, and of every piece that is no page."""
        for rule in self.person.app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.endpoint in SKIPPED:
                continue
            url = self.person.url(rule.endpoint, **self.own.for_rule(rule))
            answer = self.get(url)
            if answer.status_code in {302, 303}:
                answer = self.get(url, {"HX-Request": "true"})
            if answer.mimetype == "text/html" and answer.status_code == 200:
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"], url
                self.pages += 1
                if "attachment" in answer.headers.get("Content-Disposition", ""):
                    self.handed_out.add(url)
                yield url, answer.get_data(as_text=True)

    def get(self, url, headers=None):
        db.session.rollback()
        return contextvars.Context().run(
            lambda: self.person.client.get(url, headers=headers, buffered=True)
        )

    def look(self, html):
        """Return what a page is made of: elements with the names of their attributes, and addresses."""
        for tag in BeautifulSoup(html, "html.parser").find_all(True):
            yield tag.name, frozenset(tag.attrs), [tag[a] for a in ADDRESSES & set(tag.attrs)]


@pytest.fixture
def reader(alice, own):
    return Reader(alice, own)


def _harmless(reader):
    with unit_of_work():
        poison(None)
    # The content check quotes what it warns of and has OK typed (H-1); harmless words need neither.
    # A log that grows past a page as it is read gets a pager.
    names, odd = {("q", ""), ("input", "size"), ("span", "aria-disabled")}, set()
    for _, html in reader.read():
        for name, attributes, addresses in reader.look(html):
            names |= {(name, attribute) for attribute in attributes} | {(name, "")}
            odd |= {urlsplit(a)[:2] for a in addresses if not a.startswith(("/", "#", "?"))}
    return names, odd


def _complaints(reader, names, odd):
    for url, html in reader.read():
        yield from (f"{url}: {raw!r} stands as it is" for raw in RAW if raw in html)
        if SUM in html:
            yield f"{url}: a template ran"
        for name, attributes, addresses in reader.look(html):
            more = {(name, attribute) for attribute in attributes} | {(name, "")}
            if not more <= names:
                yield f"{url}: new {sorted(more - names)}"
            for address in addresses:
                is_ours = re.match(r"[#?]|/(?![/\\])", address)
                if not is_ours and (address and urlsplit(address)[:2] not in odd):
                    yield f"{url}: leads to {address[:80]!r}"


def test_what_is_stored_never_becomes_part_of_a_page(reader):
    names, odd = _harmless(reader)
    found, written = [], set()
    for turn in range(TURNS):
        with unit_of_work():
            written |= poison(turn)
        found += _complaints(reader, names, odd)
    assert len(PAYLOADS) >= 400
    assert len(written) >= 400
    assert reader.pages > 40 * (TURNS + 1)
    assert not found, "\n".join(sorted(set(found))[:40])


def test_a_mail_holds_what_is_stored_as_words(alice, pat, own, northside):
    """Names go into mails as text, and never into another header (PROMISES 4 row 23)."""
    with unit_of_work():
        poison(1)
    data = {"email": "new@juniper.example", "role": "agent", "team_id": str(own.ids["team_id"])}
    alice.post("people.invite", data=data, organization_id=northside.organization_id)
    [mail] = [each for each in kept() if each.mail.to == data["email"]]
    assert [raw for raw in RAW if raw in mail.html] == []
    letter = as_message(
        Letter("x@example.com", mail.mail.to, mail.mail.subject, mail.text, mail.html, utcnow()),
        Address(addr_spec="desk@example.com"),
    )
    message = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert len(message.get_all("Subject")) == len(message.get_all("To")) == 1
    shown = Reader(pat, own).get(f"/outbox/{mail.mail.id}").get_data(as_text=True)
    assert [raw for raw in RAW if raw in shown] == []
