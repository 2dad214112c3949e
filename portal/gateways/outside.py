"""Which addresses that a customer typed we may connect to (PROMISES 4, threat 5).

A form that can point the server at an address can point it at the inside of a network. So the
written address must be a plain https one with a name, every address the name resolves to must
be on the public internet, and the connection goes to exactly those that were checked.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from portal.core.errors import BadInput, GatewayError

LONGEST: Final = 500
_PORTS: Final = {"https": 443, "http": 80}
# Visible ASCII without the signs on which parsers of addresses disagree.
_PLAIN: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")
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

Resolver = Callable[[str, int], Sequence[str]]


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


def _check_public_name(scheme: str, host: str, port: int | None) -> None:
    if scheme != "https":
        raise AddressRefused("The address must begin with https://.")
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise AddressRefused("Use a full host name such as hooks.example.com, not a number.")
    if host.rpartition(".")[2] in _INSIDE:
        raise AddressRefused("That name belongs to a private network. Use a public one.")
    if port not in (None, 443):
        raise AddressRefused("Leave the port out of the address: webhooks go to port 443.")


def addresses(target: Target, *, is_sandbox: bool, resolve: Resolver | None = None) -> list[str]:
    """Return the checked addresses of a target. Raises NotPublic when any is not public.

    One private address among public ones is enough to refuse: a name that gives both is how a
    check is slipped past.
    """
    try:
        found = (resolve or _resolve)(target.host, target.port)
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
    if any(ip in net for net in _TUNNELS):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError as error:
        raise AddressRefused(
            "This is not an address. Write it like https://example.com/x."
        ) from error


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise NotPublic("The host name was not found.") from error
