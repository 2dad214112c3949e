"""Draws a form as the page people see, without Flask: a published page stays what it was.

The same template makes what is served, what is kept as evidence, and the builder's preview, so
that the ten points are checked on the very page people get (C-3, C-4).
"""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import escape

from portal.consent.service import evidence
from portal.core.settings import ROOT
from portal.optin.rules import colors
from portal.optin.rules.wording import SAID, filled
from portal.optin.values import Content, Drawn

# Where a served page has what is its own: the one-time token, and in a frame a script that tells
# the frame's height. What people write is escaped, so no text of theirs can look like this.
PLACE_OF_TOKEN: Final = "<!--token-->"  # noqa: S105 (a place, no secret)
PLACE_OF_SCRIPT: Final = "<!--script-->"
KIOSK_WAITS_S: Final = 300  # for somebody who went away from a form half filled in
_ICON_URL: Final = "/static/logo.svg"
_KIOSK_SCRIPT_URL: Final = "/static/js/kiosk.js"
_STYLES: Final = ("tokens.css", "optin.css")
_NOTHING: Final[Mapping[str, str]] = {}


def draw(content: Content, *, slug: str, number: int) -> Drawn:
    """Return a form as a page: as it is served, and with everything in itself."""
    css = style(content)
    served = _page(
        content, style_url=f"/f/{slug}/{number}/style.css", logo_url=_logo_url(slug, number)
    )
    return Drawn(served, css, whole(content, css), filled(content))


def whole(content: Content, css: str) -> str:
    """Return a form as a page with everything in itself, in the style given."""
    return _without_marks(_page(content, css=css, logo_url=_logo_data(content)))


def preview(content: Content, style_url: str = "") -> str:
    """Return a draft as a page with everything in itself, or with its style at an address."""
    css = "" if style_url else style(content)
    logo = _logo_data(content)
    return _without_marks(_page(content, css=css, style_url=style_url, logo_url=logo))


def answer(
    content: Content,
    *,
    slug: str,
    number: int,
    given: Mapping[str, str] = _NOTHING,
    problems: Mapping[str, str] = _NOTHING,
    trouble: str = "",
    resets_at: str = "",
) -> str:
    """Return the page again with what was typed and what is wrong.

    For a kiosk it offers nothing that was typed before, and goes back to `resets_at` by itself.
    """
    return _page(
        content,
        style_url=f"/f/{slug}/{number}/style.css",
        logo_url=_logo_url(slug, number),
        given=given,
        problems=problems,
        trouble=trouble,
        resets_at=resets_at,
    )


def thanks(
    content: Content, *, slug: str, number: int, next_url: str = "", resets_in_s: int = 0
) -> str:
    """Return the page after signing up: nothing on it is about the person."""
    html = _template("optin/thanks.html").render(
        content=content,
        said=SAID[content.language],
        style_url=f"/f/{slug}/{number}/style.css",
        icon_url=_ICON_URL,
        logo_url=_logo_url(slug, number),
        next_url=next_url,
        resets_in_s=resets_in_s,
        script_url=_KIOSK_SCRIPT_URL,
    )
    return str(html)


def with_token(html: str, token: str) -> str:
    """Return a drawn page with its one-time token in it."""
    field = f'<input type="hidden" name="form_token" value="{escape(token)}">'
    return html.replace(PLACE_OF_TOKEN, field, 1)


def embed_script(url: str, title: str) -> str:
    """Return the lines that a site loads to hold a form in a frame."""
    lines = (ROOT / "static" / "js" / "embed.js").read_text()
    return lines.replace("__URL__", _quoted(url)).replace("__TITLE__", _quoted(title))


def style(content: Content) -> str:
    """Return the whole style sheet of a form, in its brand's color."""
    sheets = [(ROOT / "static" / "css" / name).read_text() for name in _STYLES]
    if content.color:
        shades = colors.shades(content.color)
        sheets.append(
            ":root {\n"
            f"  --accent: light-dark({shades.day}, {shades.night});\n"
            f"  --accent-strong: light-dark({shades.day}, {shades.night});\n"
            f"  --on-accent: light-dark({shades.on_day}, {shades.on_night});\n"
            "}\n"
        )
    return "\n".join(sheets)


def _page(
    content: Content,
    *,
    logo_url: str,
    style_url: str = "",
    css: str = "",
    given: Mapping[str, str] = _NOTHING,
    problems: Mapping[str, str] = _NOTHING,
    trouble: str = "",
    resets_at: str = "",
) -> str:
    html = _template("optin/public.html").render(
        content=content,
        said=SAID[content.language],
        disclosure=filled(content),
        logo_url=logo_url,
        style_url=style_url,
        icon_url=_ICON_URL,
        css=css,
        given=given,
        problems=problems,
        trouble=trouble,
        resets_at=resets_at,
        resets_in_s=KIOSK_WAITS_S,
        script_url=_KIOSK_SCRIPT_URL,
    )
    return str(html)


def _quoted(text: str) -> str:
    """Return text as a string of JavaScript that ends no script element."""
    return json.dumps(text).replace("<", "\\u003c")


def _without_marks(html: str) -> str:
    return html.replace(PLACE_OF_TOKEN, "").replace(PLACE_OF_SCRIPT, "")


def _logo_url(slug: str, number: int) -> str:
    return f"/f/{slug}/{number}/logo.png"


def _logo_data(content: Content) -> str:
    if not content.logo:
        return ""
    picture = evidence.read_kept(content.logo)
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)
