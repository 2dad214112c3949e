"""The light tree of the page lint reads what we serve as Beautiful Soup does, and repairs nothing."""

import pytest
from bs4 import BeautifulSoup

from tests.markup import SILENT, Markup
from tests.shell.kit_app import create_kit
from tests.shell.test_pagelint import PLANTED, SOUND

SNIPPETS = [
    SOUND,
    *[fault for fault, _ in PLANTED],
    "<p>1 &lt; 2 &amp; 3 &gt; 2 &#39;q&#39;&nbsp;&eacute; a < b</p> and after",
    "<a href='/x?a=1&amp;b=2' data-a=\"it's > that\" hidden data-b = c>x</a>",
    "<p><b>one<i>two</b>three</i></p></div>four",  # end tags that cross, and one of nothing
    "<ul><li>a<li>b</ul><br/><hr>c<br>d",
    "<svg><path d='M0 0'/><use href='#a' /></svg><input name=q value=''>",
    "<script>if (a < b) { x('</p>') }</script><style>p > a {}</style><p>said</p>",
    "<!-- <p>not here</p> --><textarea>\na &lt;b&gt;</textarea><P CLASS='A  B'>c</P>",
    "<template><p>unsaid</p></template><p id=x id=y>twice</p>",
    "<button><button>inner</button></button><form><form></form></form>",
]
SPLIT = {"class", "rel", "headers"}


def differences(html: str) -> list[tuple]:
    """Return where the two trees part: names, attributes, parents, text."""
    theirs, ours = BeautifulSoup(html, "html.parser").find_all(True), Markup(html).elements
    place = {id(tag): at for at, tag in enumerate([*theirs, *ours])}
    read = [
        (
            tag.name,
            {k: " ".join(v) if isinstance(v, list) else v for k, v in tag.attrs.items()},
            place.get(id(tag.parent), -1),
            None if tag.find_parent(SILENT) or tag.name in SILENT else _tidy(tag.get_text(" ")),
        )
        for tag in theirs
    ]
    light = [
        (
            tag.name,
            {k: _tidy(v) if k in SPLIT else v for k, v in tag.attrs.items()},
            place[id(tag.parent)] - len(theirs) if id(tag.parent) in place else -1,
            None if tag.find_parent(*SILENT) or tag.name in SILENT else tag.text,
        )
        for tag in ours
    ]
    return [pair for pair in zip(read, light, strict=True) if pair[0] != pair[1]]


def _tidy(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("html", SNIPPETS)
def test_it_reads_a_snippet_as_beautiful_soup_does(html):
    assert differences(html) == []
    assert Markup(html).root.text == _tidy(BeautifulSoup(html, "html.parser").get_text(" "))


@pytest.mark.parametrize(
    "path", ["/kit", "/kit/flush", "/kit/sign-in", "/kit/public", "/kit/small"]
)
def test_it_reads_a_page_as_beautiful_soup_does(path):
    html = create_kit().test_client().get(path).text
    assert differences(html) == []
    assert Markup(html).root.text == _tidy(BeautifulSoup(html, "html.parser").get_text(" "))
