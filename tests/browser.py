"""A small browser for tests: knows endpoints, htmx and the house rules."""

import contextvars
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask, url_for
from flask.testing import FlaskClient

from portal.core.db import db
from tests import pagelint
from tests.markup import Markup


@dataclass(frozen=True)
class Reply:
    """One answer, read as a person would."""

    status: int
    headers: Any
    data: bytes
    html: str

    @cached_property
    def markup(self) -> Markup:
        return Markup(self.html)

    @cached_property
    def page(self) -> BeautifulSoup:
        """The tree with selectors; built for who asks, as it costs more than most requests."""
        return BeautifulSoup(self.html, "html.parser")

    @property
    def is_partial(self) -> bool:
        return not self.markup.is_whole

    @property
    def location(self) -> str | None:
        return self.headers.get("Location") or self.headers.get("HX-Redirect")

    @property
    def text(self) -> str:
        """Return everything said, spaces tidied."""
        return self.markup.root.text

    def text_of(self, selector: str) -> str:
        """Return the text of the one element selector finds, spaces tidied."""
        [tag] = self.page.select(selector)
        return " ".join(tag.get_text(" ").split())

    def texts_of(self, selector: str) -> list[str]:
        return [" ".join(tag.get_text(" ").split()) for tag in self.page.select(selector)]

    def field(self, name: str) -> str:
        """Return what a form field on the page holds."""
        tag = self.page.select_one(f"[name='{name}']")
        assert tag is not None, f"no field {name}"
        if tag.name == "textarea":
            return tag.get_text().removeprefix("\r\n").removeprefix("\n")
        if tag.name == "select":
            chosen = tag.select_one("option[selected]")
            return chosen["value"] if chosen else ""
        return tag.get("value", "")


@dataclass(frozen=True)
class Browser:
    """One person's browser."""

    app: Flask
    client: FlaskClient
    user_id: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def htmx(self) -> "Browser":
        """This browser, asking as htmx does."""
        return replace(self, headers={**self.headers, "HX-Request": "true"})

    def get(self, endpoint: str, status: int = 200, query: Any = None, **where: Any) -> Reply:
        return self.open("GET", self.url(endpoint, **where), status, query_string=query)

    def post(
        self, endpoint: str, status: int | None = None, data: Any = None, **where: Any
    ) -> Reply:
        """Post a form; without an expected status any success or redirect will do."""
        return self.open("POST", self.url(endpoint, **where), status, data=data or {})

    def url(self, endpoint: str, **where: Any) -> str:
        def build() -> str:
            with self.app.test_request_context():
                return url_for(endpoint, **where)

        return contextvars.Context().run(build)

    def follow(self, reply: Reply, status: int = 200) -> Reply:
        """Go where a redirect points."""
        assert reply.location, f"no redirect but {reply.status}"
        return self.open("GET", reply.location, status)

    def open(self, method: str, url: str, status: int | None = 200, **kwargs: Any) -> Reply:
        """Ask for a URL in a context of its own, as a server would, and lint the answer."""
        db.session.commit()  # a test's own reading must not hold an old view of the database
        headers = {**self.headers, **kwargs.pop("headers", {})}
        response = contextvars.Context().run(
            lambda: self.client.open(url, method=method, headers=headers, **kwargs)
        )
        db.session.expire_all()
        is_file = "attachment" in response.headers.get("Content-Disposition", "")
        is_page = "text/html" in (response.content_type or "") and not is_file
        text = response.get_data(as_text=True) if is_page else ""
        if status is None:
            assert response.status_code < 400, f"{response.status_code}: {_gist(text)}"
        else:
            assert response.status_code == status, f"{response.status_code}: {_gist(text)}"
        reply = Reply(response.status_code, response.headers, response.data, text)
        if text and not 300 <= response.status_code < 400:  # a redirect's body is never shown
            complaints = pagelint.check(self.app, reply.markup)
            assert complaints == [], complaints
        return reply


def _gist(html: str) -> str:
    return Markup(html).root.text[:600]
