"""What a page says that carriers look at: whether it opens, and what a policy promises."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

from portal.consent.rules import disclosures
from portal.core.addresses import parts_of
from portal.registrations.values import Seen

_LOGIN_PATH: Final = re.compile(r"/(log-?in|sign-?in|auth|sso|account/login)\b", re.IGNORECASE)
_ABOUT: Final = re.compile(
    r"\b(mobile|phone|text(ing)?|sms|opt-?in|consent|messages?|messaging|m[oó]vil|tel[eé]fono)\b",
    re.IGNORECASE,
)
_NOT_SHARED: Final = re.compile(
    r"\b(not|never|no|nunca|n[’']t)\b.{0,80}?\b"
    r"(shar(e|ed|ing)|sell|selling|sold|rent(ed)?|compart\w+|vend\w+)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[^.!?]+")
_RESERVED: Final = (".example", ".test", ".invalid", ".localhost")
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Reader(HTMLParser):
    """Gathers a page's words, and whether it asks for a password."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.asks_password = False
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a password field; leave scripts and styles out."""
        if tag == "input" and ("type", "password") in [(k, (v or "").lower()) for k, v in attrs]:
            self.asks_password = True
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        """Go on after a script or style."""
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self._hidden:
            self.words.append(data)


def look(asked: str, found: str, html: str) -> Seen:
    """Return what a page that was asked for under one address, and found under another, says."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    words = " ".join(" ".join(reader.words).split())
    points = disclosures.check(html)
    return Seen(
        url=asked,
        is_login=reader.asks_password or _moved_to_login(asked, found),
        missing=tuple(point for point, is_there in points.items() if not is_there),
        says_no_sharing=any(
            _ABOUT.search(sentence) and _NOT_SHARED.search(sentence)
            for sentence in _SENTENCE.findall(words)
        ),
        says_stop_and_help=bool(re.search(r"\bSTOP\b", words) and re.search(r"\bHELP\b", words)),
    )


def is_reserved(url: str) -> bool:
    """Say whether an address can only be an example: nobody can have a site there (RFC 2606)."""
    host = parts_of(url).hostname or ""
    return host.endswith(_RESERVED) or host in {"example.com", "example.org", "example.net"}


def is_local(url: str) -> bool:
    """Say whether an address leads to this machine alone."""
    return (parts_of(url).hostname or "") in _LOCAL


def hosts(urls: Sequence[str]) -> tuple[str, ...]:
    """Return the hosts of addresses, without www."""
    found = ((parts_of(url).hostname or "").removeprefix("www.") for url in urls)
    return tuple(dict.fromkeys(host for host in found if host))


def _moved_to_login(asked: str, found: str) -> bool:
    path = parts_of(found).path
    return bool(_LOGIN_PATH.search(path)) and not _LOGIN_PATH.search(parts_of(asked).path)
