"""What must hold on every page and partial we serve, checked on each one a test opens.

Each rule is a small function that yields one complaint per breach; `check` runs them all. A partial (no <html>) is checked by
itself: rules about the rest of the page are left out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.markup import Element, Markup

HX_VERBS = {
    "hx-get": "GET",
    "hx-post": "POST",
    "hx-put": "PUT",
    "hx-patch": "PATCH",
    "hx-delete": "DELETE",
}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
UNSEEN_INPUTS = ("hidden", "submit", "button", "reset", "image")
URL_ATTRIBUTES = ("href", "src", "action", "formaction", *HX_VERBS)
# Attributes that name other elements of the page by id.
IDREFS = (
    "for",
    "form",
    "headers",
    "popovertarget",
    "aria-describedby",
    "aria-labelledby",
    "aria-controls",
    "aria-owns",
)
SELECTORS = (
    "hx-target",
    "hx-include",
    "hx-indicator",
    "data-dialog",
    "data-into",
    "data-count-of",
    "data-copy",
)
TOKEN_FIELDS = ("csrf_token", "form_token")  # public forms carry a one-time token of their own
SCRIPT_URL = re.compile(r"^\s*(javascript|vbscript|data:text/html)\s*:?", re.IGNORECASE)
REMNANT = re.compile(
    r"\{\{|\}\}|\{%|%\}|<[A-Za-z_.]+ object at 0x|&lt;[A-Za-z_.]+ object at 0x|datetime\.datetime\(|Markup\("
)


@dataclass(frozen=True)
class Page:
    """A parsed answer and the routes its links must lead to."""

    markup: Markup
    app: Flask

    @cached_property
    def ids(self) -> Counter[str]:
        return Counter(tag["id"] for tag in self.with_any("id"))

    def tags(self, *names: str) -> list[Element]:
        """Return the elements of these names."""
        return [tag for name in names for tag in self.markup.named.get(name, ())]

    def with_any(self, *attributes: str) -> list[Element]:
        """Return the elements that carry one of these attributes, each once."""
        found = {id(tag): tag for name in attributes for tag in self.markup.having.get(name, ())}
        return list(found.values())

    def has_route(self, url: str, method: str) -> bool:
        return _has_route(self.app, urlsplit(url).path, method)


@lru_cache(maxsize=4096)
def _has_route(app: Flask, path: str, method: str) -> bool:
    try:
        app.url_map.bind("localhost").match(path, method)
    except HTTPException:
        return False
    return True


Rule = Callable[[Page], Iterator[str]]


def check(app: Flask, answer: str | Markup) -> list[str]:
    """Return one complaint per broken house rule; who has parsed the answer gives that."""
    markup = answer if isinstance(answer, Markup) else Markup(answer)
    page = Page(markup, app)
    rules = [*EVERYWHERE, *(WHOLE if markup.is_whole else ())]
    return [complaint for rule in rules for complaint in rule(page)]


def name_of(tag: Element) -> str:
    """Return what a screen reader would say for a control: aria-label, else its text and the alt of its images."""
    if label := (tag.get("aria-label") or "").strip():
        return label
    if tag.get("aria-labelledby"):
        return "labelled elsewhere"
    words = [
        *_read_out(tag),
        *(image.get("alt") or "" for image in tag.descendants() if image.name == "img"),
    ]
    return " ".join(" ".join(words).split())


def _read_out(tag: Element) -> Iterator[str]:
    for child in tag.children:
        if isinstance(child, str):
            yield child
        elif child.get("aria-hidden") != "true":
            yield from _read_out(child)


def shown(tag: Element) -> str:
    """Return the start of a tag, short enough for a complaint."""
    return tag.source.replace("\n", " ")[:120]


# Rules for pages and partials ---------------------------------------------------------------------------------------


def ids_are_unique(page: Page) -> Iterator[str]:
    for name, times in page.ids.items():
        if times > 1:
            yield f"id {name!r} is used {times} times"
        if not name or " " in name:
            yield f"id {name!r} is empty or has a space"


def nothing_is_inline(page: Page) -> Iterator[str]:
    for tag in page.tags("style", "script"):
        if tag.name == "style" or not tag.get("src"):
            yield f"inline <{tag.name}>"
    for attribute, tags in page.markup.having.items():
        if attribute == "style" or attribute.startswith(("on", "hx-on", "data-hx-on")):
            for tag in tags:
                yield f"inline {attribute}= in {shown(tag)}"
    for tag in page.with_any("hx-vals", "hx-headers"):
        if any("js:" in (tag.get(name) or "")[:4] for name in ("hx-vals", "hx-headers")):
            yield f"script in hx-vals or hx-headers of {shown(tag)}"


def urls_are_harmless(page: Page) -> Iterator[str]:
    for attribute in URL_ATTRIBUTES:
        for tag in page.with_any(attribute):
            url = str(tag[attribute])
            if SCRIPT_URL.match(url):
                yield f"script in {attribute} of {shown(tag)}"
            elif attribute in ("src", *HX_VERBS) and urlsplit(url).netloc:
                yield f"{attribute}={url!r} leaves this host"
    for tag in page.tags("a"):
        if tag.get("target") == "_blank" and "noopener" not in (tag.get("rel") or "").split():
            yield f"a link to a new window lacks rel=noopener: {shown(tag)}"


def urls_are_routes(page: Page) -> Iterator[str]:
    for attribute, method in HX_VERBS.items():
        for tag in page.with_any(attribute):
            if not page.has_route(str(tag[attribute]), method):
                yield f"{attribute}={tag[attribute]!r} is no route"
    for tag in [*page.tags("a", "form"), *page.with_any("formaction")]:
        attribute = next((name for name in ("href", "formaction", "action") if tag.get(name)), "")
        if not str(tag.get(attribute) or "").startswith("/"):
            continue
        form = tag if tag.name == "form" else tag.find_parent("form")
        method = "GET" if attribute == "href" else str((form or tag).get("method") or "get").upper()
        if not str(tag[attribute]).startswith("//") and not page.has_route(
            str(tag[attribute]), method
        ):
            yield f"{attribute}={tag[attribute]!r} is no route for {method}"


def htmx_has_plain_twins(page: Page) -> Iterator[str]:
    for tag in page.with_any(*HX_VERBS):
        if tag.name == "a" and not tag.get("href"):
            yield f"an htmx link also has a plain href: {shown(tag)}"
        if tag.name == "form" and not tag.get("action"):
            yield f"an htmx form also has a plain action: {shown(tag)}"
        if tag.name == "form" and tag.get("hx-post") and str(tag.get("method")).lower() != "post":
            yield f"an htmx form with hx-post has method=post: {shown(tag)}"
        if tag.name == "button" and not tag.get("formaction"):
            form = tag.find_parent("form")
            if not (form or tag.get("form")):
                yield f"an htmx button stands in a plain form: {shown(tag)}"


def htmx_says_where(page: Page) -> Iterator[str]:
    for tag in page.with_any(*HX_VERBS):
        if tag.get("hx-swap") != "none" and not (tag.get("hx-target") and tag.get("hx-swap")):
            yield f"hx-target and hx-swap are said on the element itself: {shown(tag)}"
    for tag in page.with_any("hx-target", "hx-swap"):
        if not any(tag.get(verb) for verb in HX_VERBS) and tag.get("hx-boost") != "true":
            yield f"hx-target or hx-swap would be inherited from {shown(tag)}"


def forms_carry_a_token(page: Page) -> Iterator[str]:
    guarded = {
        id(form)
        for field in page.tags("input")
        if field.get("type") == "hidden"
        and field.get("name") in TOKEN_FIELDS
        and field.get("value")
        for form in field.ancestors()
    }
    for form in page.tags("form"):
        if str(form.get("method") or "get").lower() != "post":
            continue
        if id(form) not in guarded:
            yield f"a POST form carries its token: {shown(form)}"


def fields_have_labels(page: Page) -> Iterator[str]:
    labels = {str(label["for"]): label for label in page.tags("label") if label.get("for")}
    for field in page.tags("input", "select", "textarea"):
        if field.name == "input" and field.get("type") in UNSEEN_INPUTS:
            continue
        label = labels.get(str(field.get("id"))) or field.find_parent("label")
        named = field.get("aria-labelledby") or str(field.get("aria-label") or "").strip()
        if not named and not (label and label.text):
            yield f"field {field.get('name')!r} has no label"
        form = field.find_parent("form") or field.get("form")
        if form and not field.get("name") and "data-pick-all" not in field.attrs:
            yield f"a field in a form has a name: {shown(field)}"
        if field.get("aria-invalid") == "true" and not field.get("aria-describedby"):
            yield f"a bad field says what is wrong: {shown(field)}"
    for group in page.tags("fieldset"):
        legend = group.find("legend")
        if not (legend and legend.text) and not group.get("aria-label"):
            yield f"a fieldset has a legend: {shown(group)}"


def controls_have_names(page: Page) -> Iterator[str]:
    buttons = [tag for tag in page.with_any("role") if tag["role"] == "button"]
    for tag in [*page.tags("button", "a", "summary", "input"), *buttons]:
        if tag.name == "a" and not tag.get("href"):
            continue
        if tag.name == "input":
            if tag.get("type") not in ("submit", "button"):
                continue
            name = str(tag.get("value") or tag.get("aria-label") or "")
        else:
            name = name_of(tag)
        if not name:
            yield f"a control without a name: {shown(tag)}"
    for button in page.tags("button"):
        if button.get("type") not in ("button", "submit", "reset"):
            yield f"a button says its type: {shown(button)}"
    for tag in page.tags("a", "button", "form", "label"):
        if tag.find_parent(*(("a", "button") if tag.name in ("a", "button") else (tag.name,))):
            yield f"a control inside a control: {shown(tag)}"


def images_have_text(page: Page) -> Iterator[str]:
    for image in page.tags("img"):
        if image.get("alt") is None:
            yield f"an image has alt: {shown(image)}"
    for drawing in page.tags("svg"):
        named = drawing.get("aria-label") or drawing.get("aria-labelledby")
        if drawing.get("aria-hidden") != "true" and not (drawing.get("role") and named):
            yield f"a drawing is hidden or has role and name: {shown(drawing)}"


def tables_are_read_well(page: Page) -> Iterator[str]:
    for table in page.tags("table"):
        caption = table.find("caption")
        if not (caption and caption.text):
            yield f"a table has a caption: {shown(table)}"
        if not table.find("th"):
            yield f"a table has header cells: {shown(table)}"
    for cell in page.tags("th"):
        if cell.get("scope") not in ("col", "row", "colgroup", "rowgroup"):
            yield f"a header cell has a scope: {shown(cell)}"
        if not name_of(cell) and not any("aria-label" in tag.attrs for tag in cell.descendants()):
            yield f"a header cell without words: {shown(cell)}"


def times_are_exact(page: Page) -> Iterator[str]:
    for moment in page.tags("time"):
        if not moment.get("datetime"):
            yield f"a time has datetime: {shown(moment)}"


def nothing_is_left_over(page: Page) -> Iterator[str]:
    for found in sorted(set(REMNANT.findall(page.markup.html))):
        yield f"left-over template or object text: {found!r}"
    for text, parent in page.markup.strings:
        if text.strip() in ("None", "Undefined") and parent.name not in ("option", "textarea"):
            yield f"{text.strip()} shown in {shown(parent)}"
    # A template that imports the macro by the name of the layout's variable draws an empty one.
    for bar in page.tags("div"):
        if "notice" in (bar.get("class") or "").split() and not bar.text:
            yield f"an empty notice: {shown(bar)}"


# Rules for whole pages ----------------------------------------------------------------------------------------------


def page_says_what_it_is(page: Page) -> Iterator[str]:
    if not page.tags("html")[0].get("lang"):
        yield "the page says its language"
    if not page.markup.html.lstrip().lower().startswith("<!doctype html"):
        yield "the page starts with its doctype"
    heads = page.tags("h1")
    title = next((tag.text for tag in page.tags("title")), "")
    if len(heads) != 1:
        yield f"a page has exactly one h1, this has {len(heads)}"
    elif not title.startswith(heads[0].text):
        yield f"the title {title!r} starts with the h1"
    if len(page.tags("main")) != 1:
        yield "a page has exactly one main"


def headings_go_down_by_one(page: Page) -> Iterator[str]:
    before = 0
    for heading in page.markup.elements:
        if heading.name not in HEADINGS:
            continue
        level = int(heading.name[1])
        if level > before + 1:
            yield f"h{level} {heading.text!r} comes after {f'h{before}' if before else 'nothing'}"
        before = level


def references_are_on_the_page(page: Page) -> Iterator[str]:
    for attribute in SELECTORS:
        for tag in page.with_any(attribute):
            name = str(tag[attribute]).split(maxsplit=1)[0] if tag[attribute] else ""
            if name.startswith("#") and name.removeprefix("#") not in page.ids:
                yield f"{attribute} {tag[attribute]!r} is not on the page"
    for attribute in IDREFS:
        for tag in page.with_any(attribute):
            for name in tag[attribute].split():
                if name not in page.ids:
                    yield f"{attribute}={name!r} is not on the page"
    for tag in page.tags("a"):
        anchor, _, name = str(tag.get("href", "")).partition("#")
        if name and not anchor and name not in page.ids:
            yield f"href='#{name}' leads nowhere"


def nothing_is_out_of_band(page: Page) -> Iterator[str]:
    for tag in page.with_any("hx-swap-oob"):
        yield f"an out-of-band part on a whole page: {shown(tag)}"


EVERYWHERE: tuple[Rule, ...] = (
    ids_are_unique,
    nothing_is_inline,
    urls_are_harmless,
    urls_are_routes,
    htmx_has_plain_twins,
    htmx_says_where,
    forms_carry_a_token,
    fields_have_labels,
    controls_have_names,
    images_have_text,
    tables_are_read_well,
    times_are_exact,
    nothing_is_left_over,
)
WHOLE: tuple[Rule, ...] = (
    page_says_what_it_is,
    headings_go_down_by_one,
    references_are_on_the_page,
    nothing_is_out_of_band,
)
