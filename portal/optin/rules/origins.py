"""Which sites may hold a form in a frame (C-2): origins, as browsers write them."""

import re
from typing import Final

from portal.core.addresses import parts_of
from portal.optin.errors import ContentRefused

MOST: Final = 20
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,63})*"
)


def origins_of(text: str) -> tuple[str, ...]:
    """Return the sites written in lines. Raises ContentRefused naming the line that is none."""
    found: dict[str, None] = {}
    for line in filter(None, (each.strip() for each in text.replace(",", "\n").split("\n"))):
        origin = origin_of(line if "//" in line else f"https://{line}")
        if origin is None:
            raise ContentRefused(
                f"“{line[:80]}” is not a site. Write it like https://www.example.com.",
                "origins",
            )
        found[origin] = None
    if len(found) > MOST:
        raise ContentRefused(f"{MOST} sites are the most.", "origins")
    return tuple(found)


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of an address, as a browser's Origin has them, or None."""
    parts = parts_of(url.strip())
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or parts.username:
        return None
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (
        f":{parts.port}" if parts.port not in {None, standard} else ""
    )
