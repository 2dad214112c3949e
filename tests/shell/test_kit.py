"""The shell's parts hold in a real browser: accessible, no sideways scroll, nothing against the CSP, and what app.js promises."""

import threading
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from tests import pagelint
from tests.shell.kit_app import create_kit

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ERRORS = ["refused", "403", "404", "405", "413", "429", "500"]
PAGES = [
    "/kit",
    "/kit/flush",
    "/kit/sign-in",
    "/kit/public",
    "/kit/error/500",
    "/kit/error/404?nobody=1",
]
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs Chromium at /usr/bin/chromium"
)


@pytest.fixture(scope="module")
def kit():
    return create_kit()


@pytest.fixture(scope="module")
def site(kit):
    server = make_server("127.0.0.1", 0, kit, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, site):
    """Open a page of the kit; everything the console says as a warning or an error fails the test."""
    opened, complaints = [], []

    def open_page(path, **options):
        context = chromium.new_context(base_url=site, **options)
        opened.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda line: (
                complaints.append(line.text) if line.type in ("warning", "error") else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    open_page.complaints = complaints
    yield open_page
    for context in opened:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/kit/small",
        *[f"/kit/error/{name}{who}" for name in ERRORS for who in ("", "?nobody=1")],
    ],
)
def test_kit_passes_the_page_lint(kit, path):
    answer = kit.test_client().get(path)
    assert answer.status_code == 200
    assert pagelint.check(kit, answer.text) == []


def test_signed_out_error_page_shows_no_navigation(kit):
    text = kit.test_client().get("/kit/error/404?nobody=1").text
    assert "rail" not in text
    assert "Sign out" not in text


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit, width, theme):
    """Every part in every pair; the other pages, made of the same parts, in two of four."""
    page = visit(PAGES[0], viewport={"width": width, "height": 900}, color_scheme=theme)
    for path in PAGES if (width, theme) in {(1280, "light"), (390, "dark")} else PAGES[:1]:
        page.goto(path)
        page.wait_for_timeout(300)  # the flash has risen, so that its contrast is final
        result = Axe().run(page)
        assert result.violations_count == 0, f"{path}: {result.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.browser
@needs_chromium
def test_wide_screen_does_not_scroll_sideways(visit):
    page = visit("/kit", viewport={"width": 1920, "height": 1080})
    assert page.evaluate("document.documentElement.scrollWidth") == 1920


@pytest.mark.browser
@needs_chromium
def test_first_bad_field_has_the_focus_after_422(visit):
    page = visit("/kit?quiet=1")
    page.locator("#kit-small button").click()
    page.wait_for_selector("#small-name-error")
    page.wait_for_function("document.activeElement.id === 'small-name'")
    visit.complaints[:] = [line for line in visit.complaints if "422" not in line]


@pytest.mark.browser
@needs_chromium
def test_success_and_refusal_are_said_in_the_flash(visit):
    page = visit("/kit?quiet=1")
    page.locator("#small-name").fill("Ruth")
    page.locator("#kit-small button").click()
    page.wait_for_selector("#flash .flash__item--ok")
    assert page.locator("#flash").inner_text().strip().startswith("Saved Ruth.")
    page.locator("#small-name").fill("refuse")
    page.locator("#kit-small button").click()
    page.wait_for_selector("#flash .flash__item--bad")
    assert "You have 0 credits left" in page.locator("#flash").inner_text()
    assert "Saved Ruth" not in page.locator("#flash").inner_text()
    assert page.locator("#small-name").input_value() == "refuse"
    assert page.locator("#flash[role=status]").count() == 1
    page.locator("#flash [data-dismiss]").click()
    assert page.locator("#flash").inner_text() == ""
    visit.complaints[:] = [line for line in visit.complaints if "409" not in line]


@pytest.mark.browser
@needs_chromium
def test_fault_is_said_and_the_button_works_again(visit):
    page = visit("/kit?quiet=1")
    page.locator("#small-name").fill("fault")
    page.locator("#kit-small button").click()
    page.wait_for_selector("#flash .flash__item--bad")
    assert "broke on our side" in page.locator("#flash").inner_text()
    page.locator("#kit-small [aria-busy]").wait_for(state="detached")
    visit.complaints[:] = [line for line in visit.complaints if "500" not in line]


@pytest.mark.browser
@needs_chromium
def test_whole_error_page_becomes_a_line_and_not_a_piece_of_the_page(visit):
    page = visit("/kit?quiet=1")
    page.locator("#small-name").fill("whole")
    page.locator("#kit-small button").click()
    page.wait_for_selector("#flash .flash__item--bad")
    assert "Files go up to 10 MB" in page.locator("#flash").inner_text()
    assert page.locator("#small-name").input_value() == "whole"
    visit.complaints[:] = [line for line in visit.complaints if "413" not in line]


@pytest.mark.browser
@needs_chromium
def test_ticked_rows_are_counted_and_cleared(visit):
    page = visit("/kit?quiet=1")
    count = page.locator("[data-pick-count]")
    assert count.inner_text() == "1 selected"
    page.locator("[data-pick-all]").click()
    assert count.inner_text() == "5 selected"
    page.locator("[data-pick-all]").click()
    assert not page.locator("#bulk").is_visible()


@pytest.mark.browser
@needs_chromium
def test_dialog_opens_modal_and_gives_the_focus_back(visit):
    page = visit("/kit?quiet=1")
    page.get_by_role("link", name="Cancel the rest").click()
    assert page.evaluate("document.querySelector('#cancel-rest').matches(':modal')")
    page.keyboard.press("Escape")
    assert not page.locator("#cancel-rest").is_visible()
    assert page.evaluate("document.activeElement.dataset.dialog") == "#cancel-rest"


@pytest.mark.browser
@needs_chromium
def test_merge_field_lands_at_the_caret_and_is_counted(visit):
    page = visit("/kit?quiet=1")
    page.locator("#note").fill("Hi !")
    page.evaluate("document.querySelector('#note').setSelectionRange(3, 3)")
    page.locator("[data-insert]").click()
    assert page.locator("#note").input_value() == "Hi {first_name}!"
    assert page.locator("#note-count").inner_text() == "16 of 500 characters"


@pytest.mark.browser
@needs_chromium
def test_theme_is_kept_in_a_cookie_the_server_reads(visit):
    page = visit("/kit?quiet=1", color_scheme="light")
    page.get_by_role("button", name="Dana Whitfield, your menu").click()
    page.get_by_role("button", name="Dark").click()
    page.goto("/kit?quiet=1")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


@pytest.mark.browser
@needs_chromium
def test_all_works_without_script(visit):
    page = visit("/kit?quiet=1", java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page.get_by_role("link", name="Cancel the rest").click()
    assert page.locator("#cancel-rest").is_visible()
    page.locator("#cancel-rest").get_by_role("link", name="Keep sending").click()
    assert not page.locator("#cancel-rest").is_visible()
    assert page.locator("#bulk").is_visible()  # one row is ticked
    page.locator("#bulk [type=reset]").click()
    page.locator(".datatable__pick").first.uncheck()
    assert not page.locator("#bulk").is_visible()
    page.get_by_role("button", name="Dana Whitfield, your menu").click()
    assert page.get_by_role("button", name="Sign out").is_visible()
    assert not page.get_by_role("button", name="Dark").is_visible()


@pytest.mark.browser
@needs_chromium
def test_phone_has_a_bar_of_five_and_a_sheet(visit):
    page = visit("/kit?quiet=1", viewport={"width": 390, "height": 844})
    bar = page.locator(".rail__list > li:visible")
    assert [" ".join(text.split()) for text in bar.all_inner_texts()] == [
        "Home", "Inbox 4 waiting", "New text", "Contacts", "More"
    ]  # fmt: skip
    page.get_by_role("button", name="More").click()
    assert page.locator("#more").get_by_role("link", name="Reports").is_visible()
