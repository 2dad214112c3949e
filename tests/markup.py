"""A page we served as a light tree: what the page lint asks for, at a tenth of Beautiful Soup's cost.

It reads our own templates' output as Beautiful Soup does with html.parser (a test compares the
two): nothing is moved or repaired, so a control inside a control stays one.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
RAW = frozenset(("script", "style"))  # what stands in them is no markup
SILENT = frozenset(("script", "style", "template"))  # what stands in them is not said
_TOKEN = re.compile(
    r"<!--.*?-->|<![^>]*>|<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*)"
    r"(?P<rest>[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")


class Element:
    """One element: its attributes, where it stands, and how it was written."""

    __slots__ = ("attrs", "children", "name", "parent", "source")

    def __init__(self, name: str, attrs: dict[str, str], parent: "Element | None", source: str):
        self.name, self.attrs, self.parent, self.source = name, attrs, parent, source
        self.children: list[Element | str] = []

    def get(self, attribute: str, default: str | None = None) -> str | None:
        return self.attrs.get(attribute, default)

    def __getitem__(self, attribute: str) -> str:
        return self.attrs[attribute]

    def ancestors(self) -> Iterator["Element"]:
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def find_parent(self, *names: str) -> "Element | None":
        return next((above for above in self.ancestors() if above.name in names), None)

    def descendants(self) -> Iterator["Element"]:
        for child in self.children:
            if not isinstance(child, str):
                yield child
                yield from child.descendants()

    def find(self, name: str) -> "Element | None":
        return next((tag for tag in self.descendants() if tag.name == name), None)

    def strings(self) -> Iterator[str]:
        """Give what is said inside, in order."""
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.name not in SILENT:
                yield from child.strings()

    @property
    def text(self) -> str:
        """Return what is said inside, spaces tidied."""
        return " ".join(" ".join(self.strings()).split())

    def __repr__(self) -> str:
        return self.source


class Markup:
    """A parsed answer, its elements in order and by what the rules ask for."""

    def __init__(self, html: str):
        self.html = html
        self.elements: list[Element] = []
        self.strings: list[tuple[str, Element]] = []  # all text that is more than space
        self.named: dict[str, list[Element]] = defaultdict(list)
        self.having: dict[str, list[Element]] = defaultdict(list)
        self.root = Element("", {}, None, "")
        self._read()

    @property
    def is_whole(self) -> bool:
        return "html" in self.named

    def _read(self) -> None:
        html, at, here = self.html, 0, self.root
        while token := _TOKEN.search(html, at):
            if token.start() > at:
                self._say(here, html[at : token.start()])
            at, name = token.end(), token["name"]
            if name is None:  # a comment or the doctype
                continue
            name = name.lower()
            if token["close"]:
                here = self._closed(here, name)
                continue
            rest = token["rest"]
            element = self._opened(here, name, rest, token[0])
            if name in RAW:
                end = re.compile(f"</{name}\\s*>", re.IGNORECASE).search(html, at)
                inside = html[at : end.start() if end else len(html)]
                if inside:
                    element.children.append(inside)
                at = end.end() if end else len(html)
            elif name not in VOID and not rest.endswith("/"):
                here = element
        if at < len(html):
            self._say(here, html[at:])

    def _say(self, here: Element, raw: str) -> None:
        text = unescape(raw) if "&" in raw else raw
        here.children.append(text)
        if not text.isspace():
            self.strings.append((text, here))

    def _opened(self, here: Element, name: str, rest: str, source: str) -> Element:
        attrs = {}
        if rest:
            for key, double, single, bare in _ATTRIBUTE.findall(rest):
                value = double or single or bare
                attrs[key.lower()] = unescape(value) if "&" in value else value
        element = Element(name, attrs, here, source)
        here.children.append(element)
        self.elements.append(element)
        self.named[name].append(element)
        for attribute in attrs:
            self.having[attribute].append(element)
        return element

    @staticmethod
    def _closed(here: Element, name: str) -> Element:
        """Return where an end tag leads: out of the nearest element of its name, or nowhere."""
        if here.name == name:
            return here.parent or here
        above = here.find_parent(name)
        return here if above is None else above.parent or here
