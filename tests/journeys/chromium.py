"""Headless Chromium for journeys, with what every page of one must keep."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, expect, sync_playwright

EXECUTABLE = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE_MS = 300_000  # a page on a busy machine
expect.set_options(timeout=PATIENCE_MS)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
# Colors do not depend on the width nor parts on the scheme, so two of four pairs meet all; the kit
# is judged in all four (tests/shell).
SCHEMES = {"desk": "light", "phone": "dark"}
# Nothing waits for an answer, two frames are drawn and nothing fades: a contrast is measured on
# what a person sees, and what waits is dimmed.
SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  do { await frame(); await frame(); } while (document.querySelector('[aria-busy="true"]'));
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(EXECUTABLE).exists(), reason="Chromium is not installed"),
]


@dataclass
class Eye:
    """Looks at each page of a journey: screenshot, axe, console, at both widths, by day and night."""

    page: Page
    folder: Path
    has_axe: bool = True
    complaints: list[str] = field(default_factory=list)
    count: int = 0

    def look(self, name: str, *, axe: bool = True) -> None:
        self.count += 1
        for width, (x, y) in WIDTHS.items():
            self.page.set_viewport_size({"width": x, "height": y})
            picture = self.folder / f"{self.count:02d}-{name}-{width}.png"
            self._take(picture)
            if not axe:
                continue
            if self.has_axe:
                self._judge(f"{name} {width}", SCHEMES[width])
            wide = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 1:
                self.complaints.append(f"{name} {width}: scrolls sideways by {wide} px")
        self.page.set_viewport_size(dict(zip(("width", "height"), WIDTHS["desk"], strict=True)))

    def _judge(self, where: str, scheme: str) -> None:
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(SETTLED)
        for violation in Axe().run(self.page).response["violations"]:
            nodes = [n["html"][:160] for n in violation["nodes"][:3]]
            self.complaints.append(f"{where} {scheme}: {violation['id']} {nodes}")
        self.page.emulate_media(color_scheme="light")

    @contextmanager
    def of_another(self):
        """Look through a browser of somebody else's, signed in by nobody; complaints are shared."""
        page = _open(self.page.context.browser)
        other = Eye(page, self.folder, self.has_axe, self.complaints, self.count + 50)
        other.listen()
        yield other
        page.close()

    def listen(self) -> None:
        """Keep console errors and CSP violations as complaints."""

        def hear(message) -> None:
            expected = (
                "the server responded with a status of 4",  # refusals are part of a journey
                "htmx:sendAbort",  # leaving a page ends what it was asking
                "htmx:afterRequest",
            )
            if message.type == "error" and not any(words in message.text for words in expected):
                self.complaints.append(f"console: {message.text}")

        self.page.on("console", hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def _take(self, picture: Path, tries: int = 3) -> None:
        for left in range(tries - 1, -1, -1):
            try:
                self.page.screenshot(path=picture, caret="initial")  # hiding it injects a style
            except Error:  # now and then headless Chromium has no frame to give
                if not left:
                    raise
            else:
                return


@contextmanager
def chromium(folder: Path, *, has_axe: bool = True):
    """Open a browser whose console errors and CSP violations are kept as complaints."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        eye = Eye(_open(browser), folder, has_axe)
        eye.listen()
        yield eye
        browser.close()


def _open(browser) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MS)
    return page
