"""Who opens every page of the house, and what a page is made of (S4)."""

import contextvars
from collections import Counter
from html.parser import HTMLParser

from portal.core import jobs
from portal.core.access import Scope
from portal.core.db import db

ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "hx-push-url", "data", "poster", "srcset"}  # fmt: skip
STAFF = ("alice", "vera", "pat")
SKIPPED = {"static", "assets"}
# What an address needs beside its path: the name of a query, and the id it takes.
_ASKED_WITH = {"proofs.new_link": {"record": "record_id"}}


class Elements(HTMLParser):
    """What a page is made of: elements with the names of their attributes, and addresses."""

    def __init__(self, html):
        super().__init__()
        self.names, self.addresses = set(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        for name, value in attrs:
            if name in ADDRESSES:
                self.addresses.append(value or "")
            elif name == "srcdoc":  # a page within the page
                inside = Elements(value or "")
                self.names |= inside.names
                self.addresses += inside.addresses


class Reader:
    """Opens every page as one person."""

    def __init__(self, person, own):
        self.person, self.own = person, own
        self.handed_out = set()  # the addresses of files: no browser shows them

    def read(self):
        """Yield address and source of every page, and of every piece that is no page."""
        for rule in rules_of(self.person):
            url, answer = self.ask(rule)
            if is_page(answer):
                yield url, answer.get_data(as_text=True)

    def ask(self, rule):
        """Ask for a page, and for the piece of one where the page leads away."""
        given = {
            name: self.own.ids[id_] for name, id_ in _ASKED_WITH.get(rule.endpoint, {}).items()
        }
        url = self.person.url(rule.endpoint, **self.own.for_rule(rule), **given)
        answer = self.get(url)
        if answer.status_code in {302, 303}:
            answer = self.get(url, {"HX-Request": "true"})
        if answer.mimetype == "text/html":
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"], url
        if "attachment" in answer.headers.get("Content-Disposition", ""):
            self.handed_out.add(url)
        return url, answer

    def get(self, url, headers=None):
        """Return what the person gets, asked for in a context of its own."""
        db.session.rollback()
        return contextvars.Context().run(
            lambda: self.person.client.get(url, headers=headers, buffered=True)
        )


class Readers:
    """Opens every page as who may open it, and keeps who read what."""

    def __init__(self, people, own):
        self.readers = {who: Reader(person, own) for who, person in people.items()}
        self.rules = rules_of(people["alice"])
        self.views = people["alice"].app.view_functions
        self.pages = Counter()  # by who read them
        self.opened, self.shut = set(), set()  # endpoints, as they were last asked

    def read(self, *, each=False):
        """Yield who reads, endpoint, address and source of every page, and of pieces of pages.

        The first who is let in reads it; each of them where that is asked for.
        """
        jobs.connection().flushall()  # so that nobody has asked too often
        self.opened, self.shut = set(), set()
        for rule in self.rules:
            for who in self._may_try(rule):
                url, answer = self.readers[who].ask(rule)
                is_open = answer.status_code == 200
                (self.opened if is_open else self.shut).add(rule.endpoint)
                if is_page(answer):
                    self.pages[who] += 1
                    yield who, rule.endpoint, url, answer.get_data(as_text=True)
                if is_open and not each:
                    break

    def _may_try(self, rule):
        access = getattr(self.views[rule.endpoint], "access", None)
        if isinstance(access, Scope):
            return ()  # JSON, for keys
        if rule.endpoint.startswith("notifications.outbox"):  # whose views ask who it is themselves
            return ("pat",)
        return ("anyone",) if access == "open_to_all" else STAFF


def rules_of(person):
    """Return every rule that shows something."""
    rules = person.app.url_map.iter_rules()
    return [rule for rule in rules if "GET" in rule.methods and rule.endpoint not in SKIPPED]


def is_page(answer):
    """Say whether somebody got a page or a piece of one."""
    return answer.mimetype == "text/html" and answer.status_code == 200
