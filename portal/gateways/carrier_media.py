"""Files that people sent us, fetched from the carrier (PROMISES 4, threat 5).

An address in a webhook is never followed as it was given: where a file lies is built from the
carrier's own names of account, text and file. The carrier sends on to its storage; the token does
not go along, and no other host is asked.
"""

import json
import re
import ssl
from base64 import b64encode
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from portal.core.errors import GatewayBusy, GatewayRejected
from portal.gateways import outside, pinned
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.outside import AddressRefused, NotPublic, Resolver, Target

WITHIN_S: Final = 15.0  # all hops together
MOST_BYTES: Final = 6_000_000  # the carrier itself takes 5 MB
MOST_HOPS: Final = 3
_MOST_FILES: Final = 10  # that a text can have
_MOST_KIND: Final = 100  # characters
API: Final = "https://api.twilio.com"
_STORES: Final = (".twilio.com", ".twiliocdn.com", ".amazonaws.com")
_PLAIN: Final = {"Accept-Encoding": "identity"}
_GONE: Final = frozenset({404, 410})
_FILE: Final = re.compile(r"/Media/(ME[0-9a-f]{32})(?:\.json)?$")


class MediaGateway(Protocol):
    """Somebody who has files people sent us."""

    def fetch(self, credentials: CarrierCredentials, message_sid: str, media_sid: str) -> bytes:
        """Return one file. Raises GatewayRejected where it is gone, GatewayBusy to try again."""

    def files_of(self, credentials: CarrierCredentials, message_sid: str) -> list[tuple[str, str]]:
        """Return address and kind of each file of a text, in order. Raises the same."""


class CarrierMedia:
    """The MediaGateway that is Twilio, or the twin that a base URL names."""

    def __init__(
        self,
        base: str | None = None,
        *,
        resolve: Resolver | None = None,
        dial: pinned.Dial = pinned.dial,
        tls: ssl.SSLContext = pinned.TLS,
    ) -> None:
        """Ask the real service where there is no base; a test brings its own names and network."""
        self._base, self._resolve, self._dial, self._tls = base, resolve, dial, tls

    def fetch(self, credentials: CarrierCredentials, message_sid: str, media_sid: str) -> bytes:
        """Return one file; see MediaGateway."""
        return self._read(credentials, f"{_folder(credentials, message_sid)}/{media_sid}")

    def files_of(self, credentials: CarrierCredentials, message_sid: str) -> list[tuple[str, str]]:
        """Return what files a text has; see MediaGateway."""
        folder = _folder(credentials, message_sid)
        try:
            said = json.loads(self._read(credentials, f"{folder}.json"))
            listed = [(str(one["sid"]), str(one["content_type"])) for one in said["media_list"]]
        except (ValueError, TypeError, KeyError) as error:
            raise GatewayRejected("the carrier's list of files can't be read") from error
        return [(f"{API}{folder}/{sid}", kind[:_MOST_KIND]) for sid, kind in listed[:_MOST_FILES]]

    def _read(self, credentials: CarrierCredentials, path: str) -> bytes:
        word = f"{credentials.account_sid}:{credentials.auth_token}".encode()
        headers = {**_PLAIN, "Authorization": f"Basic {b64encode(word).decode()}"}
        url = f"{self._base}/api{path}" if self._base else f"{API}{path}"
        deadline, hops = monotonic() + WITHIN_S, 0
        try:
            while True:
                target, found = self._place(url, is_first=not hops)
                with pinned.connect(target, found, deadline, self._tls, self._dial) as connection:
                    answer = pinned.ask(
                        connection, target, deadline, headers, most_bytes=MOST_BYTES
                    )
                    if answer.status not in pinned.MOVED:
                        return _content(answer)
                    url = urljoin(target.url, answer.getheader("Location", ""))
                    headers = dict(_PLAIN)  # the token is for the first host alone
                hops += 1
                if hops > MOST_HOPS:
                    raise GatewayRejected("the carrier sends on too often")
        except (AddressRefused, NotPublic) as error:
            raise GatewayRejected(str(error)) from error
        except pinned.HeardEnough as error:
            raise GatewayRejected("the file is larger than any the carrier takes") from error
        except (OSError, HTTPException) as error:  # time-outs and TLS among them
            raise GatewayBusy(type(error).__name__) from error

    def _place(self, url: str, *, is_first: bool) -> tuple[Target, list[str]]:
        """Return where to ask, and at which checked addresses."""
        if is_first and self._base:  # who runs the portal has named it
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            host = parts.hostname or ""
            return Target(parts.scheme, host, port, parts.path), [host]
        target = outside.read_page(url)
        if not target.host.endswith(_STORES) or not target.is_tls:
            raise GatewayRejected("the carrier sends on to a host that is not its own")
        return target, outside.addresses(target, is_sandbox=False, resolve=self._resolve)


class FakeMedia:
    """Files in memory, by the carrier's name of each; an exception is raised instead."""

    def __init__(self) -> None:
        """Start with no file."""
        self.files: dict[str, bytes | Exception] = {}
        self.asked: list[tuple[str, str]] = []
        self.lists: dict[str, list[tuple[str, str]] | Exception] = {}

    def fetch(self, credentials: CarrierCredentials, message_sid: str, media_sid: str) -> bytes:
        """Look in `files`."""
        self.asked.append((message_sid, media_sid))
        found = self.files.get(media_sid, GatewayRejected("there is no such file"))
        if isinstance(found, Exception):
            raise found
        return found

    def files_of(self, credentials: CarrierCredentials, message_sid: str) -> list[tuple[str, str]]:
        """Look in `lists`, by the text's name."""
        found = self.lists.get(message_sid, [])
        if isinstance(found, Exception):
            raise found
        return found


def _folder(credentials: CarrierCredentials, message_sid: str) -> str:
    return f"/2010-04-01/Accounts/{credentials.account_sid}/Messages/{message_sid}/Media"


def media_sid(url: str) -> str:
    """Return the carrier's name of the file an address of its stands for; "" where it has none."""
    found = _FILE.search(url)
    return found[1] if found else ""


def _content(answer: HTTPResponse) -> bytes:
    if answer.status in _GONE:
        raise GatewayRejected("the carrier has the file no more", None, answer.status)
    if answer.status != 200:
        raise GatewayBusy(f"HTTP {answer.status}")
    content = answer.read()
    if answer.length:
        raise HTTPException
    return content


_in_use: MediaGateway | None = None


def use(gateway: MediaGateway | None) -> None:
    """Say who has the files; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> MediaGateway:
    """Return who has the files."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
