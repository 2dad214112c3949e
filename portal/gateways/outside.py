"""Which addresses that a customer typed we may connect to (PROMISES 4, threat 5; C-9).

A form that can point the server at an address can point it at the inside of a network. So the
written address must be a plain https one with a name, every address the name resolves to must
be on the public internet, and the connection goes to exactly those that were checked.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote

import idna

from portal.core.addresses import NONE, parts_of
from portal.core.errors import BadInput, GatewayError

LONGEST: Final = 500
LONGEST_PAGE: Final = 2_000
_PORTS: Final = {"https": 443, "http": 80}
# Visible ASCII without the signs on which parsers of addresses disagree.
_PLAIN: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")
# Signs no address of a page needs, on which parsers of addresses disagree; blanks and controls.
_AMBIGUOUS: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\^`{|}<>\"]")
_IN_PATHS: Final = "/%:@!$&'()*+,;=~?[]"
_NAME: Final = re.compile(
    r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# Names that mean this machine or this network, whatever they resolve to.
_INSIDE: Final = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
    "test",
)
_UNICAST: Final = ipaddress.ip_network("2000::/3")
_TUNNELS: Final = [
    ipaddress.ip_network(net)
    for net in ("2002::/16", "2001::/23", "2001:db8::/32", "3fff::/20", "192.88.99.0/24")
]
# Of the public range, yet answered by the machine's own host: the metadata service of a cloud.
_METADATA: Final = frozenset({ipaddress.ip_address("168.63.129.16")})

Resolver = Callable[[str, int], Sequence[str]]
RESOLVED_WITHIN_S: Final = 5.0


class AddressRefused(BadInput):
    """An address we don't connect to; the message says why and what to do."""

    status = 422
    code = "address_refused"


class NotPublic(GatewayError):
    """A name resolves to an address inside a network, or to none."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was found fit to be asked: scheme, name, port, and path with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_tls(self) -> bool:
        """Say whether the connection is encrypted."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Return what the Host header says: the name, with a port that is not the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        """Return the whole address as it is asked."""
        return f"{self.scheme}://{self.authority}{self.path}"


def read(url: str, *, is_sandbox: bool) -> Target:
    """Return where a written address leads. Raises AddressRefused.

    Outside sandbox mode it must be https with a public name on port 443; the sandbox also
    takes http and any port on this very machine, so that it can be tried without a network.
    """
    if not url or len(url) > LONGEST:
        raise AddressRefused(f"Write an address of at most {LONGEST} characters.")
    if not _PLAIN.fullmatch(url.lower()):
        raise AddressRefused(
            "Write the address in plain letters, without spaces; other signs as %20 and the like."
        )
    parts, port = _split(url)
    host = (parts.hostname or "").lower()
    if "@" in parts.netloc:
        raise AddressRefused("Leave the user name and password out of the address.")
    if "#" in url:
        raise AddressRefused("Leave out the part of the address from # on.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if is_sandbox and host in _LOOPBACK and parts.scheme in _PORTS:
        return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)
    _check_public_name(parts.scheme, host, port)
    return Target("https", host, 443, path)


def read_page(url: str) -> Target:
    """Return where the address of a page to be looked at leads (C-9). Raises AddressRefused.

    It must be http or https with a public name on the scheme's own port, in every mode. A name
    in other letters is read as browsers read it (UTS 46); what follows # is never sent.
    """
    written = url.strip().partition("#")[0]
    if not written or len(written) > LONGEST_PAGE:
        raise AddressRefused(
            f"Write the address of a page, at most {LONGEST_PAGE:,} characters, "
            "like https://example.com/sign-up."
        )
    if _AMBIGUOUS.search(written):
        raise AddressRefused("Write the address without spaces, quotes, brackets or backslashes.")
    parts, port = _split(written)
    if parts.scheme not in _PORTS:
        raise AddressRefused("The address must begin with https:// or http://.")
    if "@" in parts.netloc:
        raise AddressRefused("Leave the user name and password out of the address.")
    host = _in_ascii(parts.hostname or "")
    _check_name(host, "www.example.com")
    if port not in (None, _PORTS[parts.scheme]):
        raise AddressRefused("Leave the port out of the address: pages are read on 80 and 443.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, host, _PORTS[parts.scheme], quote(path, safe=_IN_PATHS))
    if len(target.url) > LONGEST_PAGE:
        raise AddressRefused("That address is too long once its letters are written for the web.")
    return target


def _in_ascii(host: str) -> str:
    """Return a host name in the letters DNS knows; full-width dots and digits become plain."""
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressRefused("That host name can't be read. Write it in plain letters.") from error


def _check_public_name(scheme: str, host: str, port: int | None) -> None:
    if scheme != "https":
        raise AddressRefused("The address must begin with https://.")
    _check_name(host, "hooks.example.com")
    if port not in (None, 443):
        raise AddressRefused("Leave the port out of the address: webhooks go to port 443.")


def _check_name(host: str, like: str) -> None:
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise AddressRefused(f"Use a full host name such as {like}, not a number.")
    if host.rpartition(".")[2] in _INSIDE:
        raise AddressRefused("That name belongs to a private network. Use a public one.")


def addresses(
    target: Target,
    *,
    is_sandbox: bool,
    resolve: Resolver | None = None,
    within_s: float = RESOLVED_WITHIN_S,
) -> list[str]:
    """Return the checked addresses of a target. Raises NotPublic when any is not public.

    One private address among public ones is enough to refuse: a name that gives both is how a
    check is slipped past. A name server that says nothing is waited for no longer than said.
    """
    try:
        found = _in_time(resolve or _resolve, target, within_s)
    except TimeoutError as error:
        raise NotPublic("The host name was not found in time.") from error
    except (OSError, UnicodeError) as error:
        raise NotPublic("The host name was not found.") from error
    if not found:
        raise NotPublic("The host name was not found.")
    is_here = is_sandbox and target.host in _LOOPBACK
    for address in found:
        ip = _address(address)
        if not (is_public(ip) or (is_here and ip.is_loopback)):
            raise NotPublic("The host name leads into a private network.")
    return list(dict.fromkeys(found))


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Say whether an address is one of the public internet's, and no wrapping of another."""
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _UNICAST:
        return False  # v4-mapped, NAT64, unique local, link-local, multicast and all the rest
    if ip in _METADATA or any(ip in net for net in _TUNNELS):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _split(url: str) -> tuple[SplitResult, int | None]:
    parts = parts_of(url)
    if parts == NONE:
        raise AddressRefused("This is not an address. Write it like https://example.com/x.")
    return parts, parts.port


def _in_time(resolve: Resolver, target: Target, within_s: float) -> Sequence[str]:
    """Resolve in a thread of its own: the system's resolver takes no deadline. Raises TimeoutError."""
    answer: Future[Sequence[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolve(target.host, target.port))
        except BaseException as error:  # noqa: BLE001 (raised where the answer is waited for)
            answer.set_exception(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return answer.result(within_s)


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise NotPublic("The host name was not found.") from error
