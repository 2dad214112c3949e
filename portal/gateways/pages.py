"""Pages of other people's sites, read by a process of its own (C-9, PROMISES 4 threat 5)."""

import json
import logging
import os
import subprocess
import sys
from typing import Final, Protocol

from portal.core.settings import ROOT
from portal.gateways.outside import AddressRefused, read_page
from portal.gateways.page_fetch import WITHIN_S, PageNotRead, PageRead

__all__ = ["FakePages", "PageGateway", "PageNotRead", "PageRead", "SeparatePages", "current", "use"]

logger = logging.getLogger(__name__)

_PROGRAM: Final = "portal.gateways.page_process"


class PageGateway(Protocol):
    """Somebody who reads pages."""

    def read(self, url: str) -> PageRead:
        """Read one page. Raises PageNotRead."""


class SeparatePages:
    """Starts a program for each page, without anything of this process's environment."""

    def __init__(self, program: str = _PROGRAM, within_s: float = WITHIN_S) -> None:
        """Use this module as the program, and give it so long; a test has its own."""
        self._program, self._within_s = program, within_s

    def read(self, url: str) -> PageRead:
        """Read one page in the time there is, the start of the program included."""
        try:
            read_page(url)
        except AddressRefused as error:
            raise PageNotRead(str(error)) from error
        try:
            done = subprocess.run(  # noqa: S603 (our own program; the address goes by its input)
                [sys.executable, "-s", "-m", self._program],
                input=url.encode(),
                capture_output=True,
                timeout=self._within_s,
                cwd=ROOT,
                env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PageNotRead(
                f"The page did not come within {self._within_s:.0f} seconds."
            ) from error
        head, _, body = done.stdout.partition(b"\n")
        if done.returncode != 0 or not head:
            logger.error("the page reader ended with %d", done.returncode)
            raise PageNotRead("The page could not be read. Try again.")
        said = json.loads(head)
        if "problem" in said:
            raise PageNotRead(said["problem"])
        return PageRead(said["url"], tuple(said["hops"]), said["charset"], body)


class FakePages:
    """Pages in memory; an address that has none can't be reached."""

    def __init__(self) -> None:
        """Start with an empty web."""
        self.pages: dict[str, PageRead | str] = {}  # a page, or why there is none
        self.asked: list[str] = []

    def put(self, url: str, html: str, *, charset: str = "utf-8") -> None:
        """Serve a page at an address."""
        self.pages[url] = PageRead(url, (), charset, html.encode(charset))

    def read(self, url: str) -> PageRead:
        """Look in `pages`."""
        self.asked.append(url)
        found = self.pages.get(url, "The site could not be reached.")
        if isinstance(found, str):
            raise PageNotRead(found)
        return found


_in_use: PageGateway = SeparatePages()


def use(gateway: PageGateway) -> None:
    """Say who reads pages; a test brings its own web."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> PageGateway:
    """Return who reads pages."""
    return _in_use
