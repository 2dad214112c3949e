"""Reading a page of somebody else's: bounded in time, size and hops, and nowhere inside (C-9, S6).

Each hop is read by the one parser, resolved, judged and connected to by the address that was
judged. Nothing of ours goes along: no cookie, no credential, no referrer.
"""

import ssl
import zlib
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Final
from urllib.parse import urljoin

from portal.gateways import outside, pinned
from portal.gateways.outside import AddressRefused, NotPublic, Resolver, Target

WITHIN_S: Final = 5.0  # all hops together
MOST_BYTES: Final = 2_000_000  # of a page, unpacked
MOST_HOPS: Final = 3
_HEADERS: Final = {
    "User-Agent": "ConsentDesk-Disclosure-Checker/1.0",
    "Accept": "text/html,application/xhtml+xml;q=0.9",
    "Accept-Encoding": "gzip",
    "Accept-Language": "en-US,en;q=0.9,es;q=0.5",
}
_MOST_RAW: Final = MOST_BYTES + 200_000  # with headers and the marks of chunks
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_CHUNK: Final = 65_536


class PageNotRead(Exception):
    """A page could not be read; the message says why, for people, and echoes nothing of it."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page as it was served: where it was found in the end, and its bytes, unpacked."""

    url: str
    hops: tuple[str, ...]  # the addresses that led there
    charset: str  # as its header says; "" when it doesn't
    body: bytes


def fetch(
    url: str,
    *,
    resolve: Resolver | None = None,
    dial: pinned.Dial = pinned.dial,
    tls: ssl.SSLContext = pinned.TLS,
    within_s: float = WITHIN_S,
) -> PageRead:
    """Read one page. Raises PageNotRead. A test brings its own names, network and trust."""
    deadline = monotonic() + within_s
    hops: list[str] = []
    while True:
        try:
            target = outside.read_page(url)
            found = outside.addresses(target, is_sandbox=False, resolve=resolve)
            pinned.left(deadline)
            with pinned.connect(target, found, deadline, tls, dial) as connection:
                answer = pinned.ask(connection, target, deadline, _HEADERS, most_bytes=_MOST_RAW)
                if answer.status not in pinned.MOVED:
                    return PageRead(target.url, tuple(hops), _charset(answer), _page(answer))
                url = _way_on(answer, target)
        except (AddressRefused, NotPublic) as error:
            where = "The page sends on to an address we don't follow. " if hops else ""
            raise PageNotRead(f"{where}{error}") from error
        except TimeoutError as error:
            raise PageNotRead(f"The page did not come within {within_s:.0f} seconds.") from error
        except pinned.HeardEnough as error:
            raise PageNotRead(_too_large()) from error
        except ssl.SSLError as error:
            raise PageNotRead("The site's certificate was not accepted, or TLS failed.") from error
        except (HTTPException, zlib.error) as error:
            raise PageNotRead("The site's answer broke off or was not HTTP.") from error
        except OSError as error:
            raise PageNotRead("The site could not be reached.") from error
        hops.append(target.url)
        if len(hops) > MOST_HOPS:
            raise PageNotRead(f"The page sends on more than {MOST_HOPS} times.")


def _way_on(answer: HTTPResponse, target: Target) -> str:
    location = answer.getheader("Location", "")
    if not location or len(location) > outside.LONGEST_PAGE:
        raise PageNotRead("The page sends on, but doesn't say where to.")
    try:
        return urljoin(target.url, location)
    except ValueError as error:
        raise PageNotRead("The page sends on to what is no address.") from error


def _page(answer: HTTPResponse) -> bytes:
    """Return the unpacked body of a page; stops at the first byte too many."""
    if answer.status != 200:
        raise PageNotRead(f"The site answered with status {answer.status}, not with a page.")
    media_type = answer.getheader("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in _PAGES:
        raise PageNotRead("The address leads to a file that is no web page.")
    coding = answer.getheader("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise PageNotRead("The site packs its page in a way that was not asked for.")
    packed = zlib.decompressobj(16 + zlib.MAX_WBITS) if coding.endswith("gzip") else None
    body = bytearray()
    while chunk := answer.read(_CHUNK):
        body += packed.decompress(chunk, MOST_BYTES + 1 - len(body)) if packed else chunk
        if len(body) > MOST_BYTES:
            raise PageNotRead(_too_large())
    if answer.length or (packed and not packed.eof):
        raise HTTPException
    return bytes(body)


def _charset(answer: HTTPResponse) -> str:
    return (answer.headers.get_content_charset() or "")[:40]


def _too_large() -> str:
    return f"The page is larger than {MOST_BYTES // 1_000_000} MB."
