"""How many submissions are taken from whom: independent buckets (PROMISES 4 row 8)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

PER_VISITOR: Final = 3  # people signed up by one browser in a day


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many in so many seconds for one key; `full` names what the page says when it is full."""

    name: str
    key: str
    most: int
    seconds: int
    full: str


def of_address(ip: str) -> tuple[Bucket, ...]:
    """Return the buckets of where a submission comes from: every try counts."""
    exact, around = _places(ip)
    return (
        Bucket("ip", exact, 10, 600, "full_near"),
        Bucket("prefix", around, 60, 600, "full_near"),
    )


def of_kiosk(token_key: str) -> tuple[Bucket, ...]:
    """Return the bucket of a kiosk: a queue of people, not a flood."""
    return (Bucket("kiosk", token_key, 60, 600, "full_near"),)


def of_phone(phone_key: str) -> tuple[Bucket, ...]:
    """Return the bucket of the number that is signed up, over all forms."""
    return (Bucket("phone", phone_key, 5, 86_400, "full_phone"),)


def of_form(form_id: str, account_id: str) -> tuple[Bucket, ...]:
    """Return the buckets of what is signed up for: only what is otherwise fine counts."""
    return (
        Bucket("form", form_id, 300, 600, "full_form"),
        Bucket("account", account_id, 600, 600, "full_form"),
    )


def _places(ip: str) -> tuple[str, str]:
    """Return an address and the network around it: one IPv4 and its /24, a /64 and its /48."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return "unknown", "unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    if isinstance(address, IPv4Address):
        return str(address), str(ip_network(f"{address}/24", strict=False))
    return tuple(  # type: ignore[return-value]  # two of them
        str(ip_network(f"{address}/{length}", strict=False)) for length in (64, 48)
    )
