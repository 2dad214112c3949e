"""Addresses of the web as people, browsers and headers write them, which may be none (S19)."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

NONE: Final = SplitResult("", "", "", "", "")  # the parts of what is no address


def parts_of(url: str) -> SplitResult:
    """Return the parts of an address whose host and port can be read; else NONE, all empty.

    The library raises at a bracket, at signs that only look like others, and first when it is
    asked for a port: who forgot one of them answered with an error of ours.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return NONE
    return parts


def is_web(url: str) -> bool:
    """Say whether an address is one of the web, with a host."""
    parts = parts_of(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
