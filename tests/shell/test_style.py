"""House rules of templates and style sheets a machine can keep."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted(set((ROOT / "static/css").glob("*.css")) - {ROOT / "static/css/tokens.css"})
SHELL = sorted(
    path
    for part in ("layouts", "components", "errors")
    for path in (ROOT / "templates" / part).glob("*.html")
)
ICONS = set(re.findall(r'<symbol id="([a-z]+)"', (ROOT / "static/icons.svg").read_text()))


def declarations(sheet: str) -> str:
    """Return a sheet without comments and selectors, so that an id in a selector is no colour."""
    return "\n".join(re.findall(r"\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colours_live_in_tokens(sheet):
    assert (
        re.findall(
            r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|lab)a?\(", declarations(sheet.read_text())
        )
        == []
    )


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_token_used_is_defined(sheet):
    defined = set(
        re.findall(r"(--[\w-]+):", (ROOT / "static/css/tokens.css").read_text() + sheet.read_text())
    )
    assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) - defined == set()


@pytest.mark.parametrize("template", SHELL, ids=lambda path: path.name)
def test_every_shell_template_says_what_it_is(template):
    assert template.read_text().startswith("{# ")


def test_every_icon_a_template_names_exists():
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'\bicon\("([a-z]+)"', path.read_text())
    }
    assert named - ICONS == set()


def test_styles_and_script_stay_light():
    """A page's weight is promised: 150 KB in all, so these keep their share even uncompressed.

    What a page of the portal loads is app.js; the others stand on one page each, or on none.
    """
    sheets = sum(path.stat().st_size for path in (ROOT / "static/css").glob("*.css"))
    scripts = {path.name: path.stat().st_size for path in (ROOT / "static/js").glob("*.js")}
    assert sheets < 98_000
    assert scripts.pop("app.js") < 12_000
    assert sum(scripts.values()) < 4_000
