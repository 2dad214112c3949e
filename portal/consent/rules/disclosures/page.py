"""What a visitor sees of a page: its text, links and boxes to tick (SPEC C-9).

Hidden elements, comments, scripts and templates are left out, bad HTML is read as browsers
read it as far as this needs. Style sheets and scripts are not followed: what only those hide
or show is taken as it is written.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from portal.core.addresses import parts_of

_NEARBY: Final = 800
_NAMES: Final = 5
_VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
     "track", "wbr")
)  # fmt: skip
_UNSEEN: Final = frozenset(
    ("script", "style", "template", "noscript", "head", "title", "svg", "datalist", "iframe",
     "object", "audio", "video", "canvas", "del", "s", "strike")
)  # fmt: skip
_INLINE: Final = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "ins", "kbd", "label",
     "mark", "q", "small", "span", "strong", "sub", "sup", "time", "u", "wbr", "input", "img")
)  # fmt: skip
_SPACED: Final = frozenset(("br", "label", "input"))
# What may stand in the head; anything else ends it.
_META: Final = frozenset(
    ("base", "head", "html", "link", "meta", "noscript", "script", "style", "template", "title")
)
# An element that another of its kind closes, and up to where it is looked for.
_SIBLINGS: Final = {
    "p": frozenset(("div", "td", "th", "li", "body", "form", "section", "button", "label")),
    "li": frozenset(("ul", "ol", "menu")),
    "option": frozenset(("select",)),
    "tr": frozenset(("table",)),
    "td": frozenset(("tr", "table")),
    "th": frozenset(("tr", "table")),
    "dt": frozenset(("dl",)),
    "dd": frozenset(("dl",)),
    "a": frozenset(("td", "th", "body")),
    "label": frozenset(("td", "th", "body")),
}
_CLOSES_P: Final = frozenset(
    ("address", "article", "aside", "blockquote", "div", "dl", "fieldset", "footer", "form", "h1",
     "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "section", "table",
     "ul")
)  # fmt: skip
_CONTROLS: Final = frozenset(("input", "select", "textarea", "button"))
_HIDING: Final = frozenset(
    ("d-none", "hidden", "hide", "is-hidden", "invisible", "sr-only", "visually-hidden",
     "screen-reader-text")
)  # fmt: skip
_unseen_parts: Final = re.compile(
    r"<!--.*?(?:--!?>|\Z)|<(script|style)\b[^>]{0,4000}>.*?(?:</\1\b[^>]{0,4000}>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_shown_elsewhere: Final = re.compile(r"d-\w+-(?!none)\w+|\w+:(?!hidden|invisible)[\w-]+")
_gone: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_faint: Final = re.compile(
    r"opacity\s*:\s*(?:0+(?:\.0*)?|\.0+)%?\s*(?:[;!]|$)|font-size\s*:\s*0+(?:\.0*)?[a-z%]*\s*(?:[;!]|$)",
    re.IGNORECASE,
)
_DRESS: Final = str.maketrans(
    dict.fromkeys("‘’‚", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("–—‑−", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
)


@dataclass(slots=True)
class Link:
    """A link a visitor sees; its text lies between two places of the page."""

    href: str
    label: str
    start: int
    end: int


@dataclass(slots=True)
class Box:
    """A box to tick, where it stands and what names it."""

    place: int
    identity: str
    label: str
    named_by: tuple[str, ...]
    wrapper: int | None
    is_ticked: bool
    is_required: bool


@dataclass(slots=True)
class _Open:
    """An element whose end is not read yet."""

    tag: str
    is_hidden: bool
    start: int
    identity: str
    link: Link | None = None
    label: int | None = None


class Page(HTMLParser):
    """A page as read, ready to be asked.

    Reading takes time in proportion to the page's length, whatever is in it.
    """

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self.boxes: list[Box] = []
        self._pieces: list[str] = []
        self._open: list[_Open] = []
        self._spans: dict[str, tuple[int, int]] = {}
        self._labels: list[tuple[int, int]] = []
        self._labels_for: dict[str, list[int]] = {}
        self._controls: list[int] = []
        self._identities: set[str] = set()
        self._depth: Counter[str] = Counter()
        self._wrappers: list[int] = []
        self.feed(_tame(html))
        self.close()

    def text(self, start: int, end: int | None) -> str:
        """Return the visible text between two places; None is the end of the page."""
        return "".join(self._pieces[start:end])

    def label(self, box: Box) -> str:
        """Return what names a box: its labels, else the words that follow or precede it."""
        spans = [self._labels[index] for index in self._labels_for.get(box.identity, [])]
        if box.wrapper is not None:
            spans.append(self._labels[box.wrapper])
        spans += [self._spans[name] for name in box.named_by if name in self._spans]
        whole = [self.text(start, min(end, start + _NEARBY)) for start, end in spans[:_NAMES]]
        named = " ".join([*whole, box.label])
        if named.strip():
            return named
        after = self._after(box)
        return after if after.strip() else self._before(box)

    def near(self, box: Box) -> str:
        """Return what stands before and after a box, up to the next controls."""
        return f"{self._before(box)}\n{self._after(box)}"

    def leads_somewhere(self, href: str) -> bool:
        """Say whether a link goes to a page, or to a place that this page has."""
        parts = parts_of(href.strip())
        if parts.scheme not in ("", "http", "https"):
            return False
        if parts.netloc or parts.path or parts.query:
            return True
        return bool(parts.fragment) and parts.fragment in self._identities

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read where an element begins."""
        given: dict[str, str] = {}
        for name, value in attrs:
            given.setdefault(name, value or "")
        self._close_siblings(tag)
        self._break(tag)
        identity = given.get("id", "") or (given.get("name", "") if tag == "a" else "")
        self._identities.add(identity)
        is_hidden = self._is_hidden() or _is_gone(tag, given)
        if not is_hidden and tag in _CONTROLS:
            self._control(tag, given)
        elif not is_hidden and given.get("role", "").lower() == "checkbox":
            self._box(given)
        is_hidden = is_hidden or _is_faint(given)
        if tag == "img" and not is_hidden and self._depth["a"]:
            self._pieces.append(given.get("alt", ""))
        if tag in _VOID:
            return
        here = len(self._pieces)
        element = _Open(tag, is_hidden, here, identity)
        if tag == "a" and not is_hidden and "href" in given:
            label = given.get("aria-label", "") or given.get("title", "")
            element.link = Link(given["href"], label, here, here)
            self.links.append(element.link)
        if tag == "label" and not is_hidden:
            element.label = len(self._labels)
            self._wrappers.append(element.label)
            self._labels.append((here, here))
            if given.get("for"):
                self._labels_for.setdefault(given["for"], []).append(element.label)
        self._open.append(element)
        self._depth[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read `<p/>` as HTML does: the slash counts for nothing."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Read where an element ends; an end without a beginning is passed over."""
        self._break(tag)
        if self._depth[tag]:
            while self._pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep text that is seen."""
        if not self._is_hidden():
            self._pieces.append(data.replace("\n", " "))

    def close(self) -> None:
        """End the page and all that is open."""
        super().close()
        while self._open:
            self._pop()

    def _pop(self) -> _Open:
        element, here = self._open.pop(), len(self._pieces)
        self._depth[element.tag] -= 1
        if element.link:
            element.link.end = here
        if element.label is not None:
            self._labels[element.label] = (element.start, here)
            self._wrappers.pop()
        if element.identity and not element.is_hidden:
            self._spans[element.identity] = (element.start, here)
        return element

    def _close_siblings(self, tag: str) -> None:
        """End what HTML ends by itself where another element begins."""
        if self._depth["head"] and tag not in _META:
            self.handle_endtag("head")
        for closed in {tag, "p"} if tag in _CLOSES_P else {tag}:
            if closed not in _SIBLINGS or not self._depth[closed]:
                continue
            for element in reversed(self._open):
                if element.tag == closed:
                    while self._pop() is not element:
                        pass
                    break
                if element.tag in _SIBLINGS[closed]:
                    break

    def _break(self, tag: str) -> None:
        if not self._is_hidden():
            self._pieces.append(" " if tag in _SPACED else "" if tag in _INLINE else "\n")

    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1].is_hidden

    def _control(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "").strip().lower()
        if tag == "input" and kind == "hidden":
            return
        if tag == "input" and kind == "checkbox":
            if "disabled" not in given:
                self._box(given)
            return
        self._controls.append(len(self._pieces))
        if tag == "input" and kind in ("submit", "button", "reset"):
            self._pieces.append(f"\n{given.get('value', '')}\n")

    def _box(self, given: dict[str, str]) -> None:
        here = len(self._pieces)
        self._controls.append(here)
        # A piece of its own, so that no two boxes share a place.
        self._pieces.append(" ")
        self.boxes.append(
            Box(
                place=here + 1,
                identity=given.get("id", "") or "\0",
                label=given.get("aria-label", ""),
                named_by=tuple(given.get("aria-labelledby", "").split()),
                wrapper=self._wrappers[-1] if self._wrappers else None,
                is_ticked="checked" in given or given.get("aria-checked", "").lower() == "true",
                is_required="required" in given or given.get("aria-required", "").lower() == "true",
            )
        )

    def _after(self, box: Box) -> str:
        following = bisect_left(self._controls, box.place)
        end = self._controls[following] if following < len(self._controls) else None
        return self.text(box.place, end)[:_NEARBY]

    def _before(self, box: Box) -> str:
        earlier = bisect_left(self._controls, box.place - 1)
        start = self._controls[earlier - 1] if earlier else 0
        return self.text(start, box.place)[-_NEARBY:]


def _tame(html: str) -> str:
    """Take out what is never seen and what a parser would search the whole page for each time.

    A comment or script without end reaches to the end of the page, as in browsers; a sign "<"
    after the last ">" begins nothing.
    """
    seen = _unseen_parts.sub(" ", html)
    last = seen.rfind(">") + 1
    return seen[:last] + seen[last:].replace("<", "&lt;")


def plain(text: str) -> str:
    """Return text in single spaces, straight quotes and dashes, a line for each block."""
    bare = unicodedata.normalize("NFKC", text.translate(_DRESS))
    lines = (" ".join(line.split()) for line in bare.split("\n"))
    return "\n".join(line for line in lines if line)


def _is_gone(tag: str, given: dict[str, str]) -> bool:
    """Say whether an element takes no place on the page."""
    return (
        tag in _UNSEEN
        or "hidden" in given
        or (tag == "dialog" and "open" not in given)
        or bool(_gone.search(given.get("style", "")))
    )


def _is_faint(given: dict[str, str]) -> bool:
    """Say whether an element is there for programs only, as boxes drawn anew often are."""
    classes = given.get("class", "").lower().split()
    if any(map(_shown_elsewhere.fullmatch, classes)):
        return False
    return not _HIDING.isdisjoint(classes) or bool(_faint.search(given.get("style", "")))
