"""The page lint finds what it says it finds: one planted fault per rule, and none on a sound page."""

import pytest
from flask import Flask

from tests import pagelint

SOUND = """<!doctype html>
<html lang="en"><head><title>Contacts - ConsentDesk</title><script src="/x.js"></script></head><body>
<a class="skip" href="#main">Skip to content</a>
<main id="main"><h1>Contacts</h1><h2>List</h2>
<a href="/contacts" hx-get="/contacts" hx-target="#list" hx-swap="outerHTML"><svg aria-hidden="true"></svg>Next</a>
<div id="list"><table><caption>People</caption><tr><th scope="col">Name</th></tr><tr><td>{first_name}, None on record</td></tr></table></div>
<form method="post" action="/save" hx-post="/save" hx-target="#list" hx-swap="outerHTML">
<input type="hidden" name="csrf_token" value="t"><label for="n">Name</label><input id="n" name="n" aria-describedby="n-e" aria-invalid="true">
<span id="n-e">Too short.</span><fieldset><legend>Kind</legend><label>A<input type="radio" name="k"></label></fieldset>
<input type="checkbox" name="ids" aria-label="Select all"><button type="submit">Save</button></form>
<img src="/x.js" alt=""><time datetime="2026-11-19">Thu</time><a href="https://law.example/" target="_blank" rel="noopener">Law</a>
</main></body></html>"""

HX = 'hx-target="#list" hx-swap="outerHTML"'
TOKEN = '<input type="hidden" name="csrf_token" value="t">'

PLANTED = [
    ('<p id="twice"></p><p id="twice"></p>', "id 'twice' is used 2 times"),
    ('<p id="a b"></p>', "is empty or has a space"),
    ("<style>p {}</style>", "inline <style>"),
    ("<script>1</script>", "inline <script>"),
    ('<p style="color: red"></p>', "inline style="),
    ('<p onmouseover="x()"></p>', "inline onmouseover="),
    ('<p hx-on:click="x()"></p>', "inline hx-on:click="),
    ('<p hx-vals="js:{a: 1}"></p>', "script in hx-vals"),
    ('<a href="javascript:x()">Go</a>', "script in href"),
    ('<a href=" JavaScript:x()">Go</a>', "script in href"),
    ('<form action="javascript:x()"></form>', "script in action"),
    ('<script src="https://cdn.example/x.js"></script>', "leaves this host"),
    ('<a href="https://x.example" target="_blank">Go</a>', "lacks rel=noopener"),
    (f'<a href="/contacts" hx-get="/nowhere" {HX}>Go</a>', "hx-get='/nowhere' is no route"),
    (f'<a href="/contacts" hx-post="/contacts" {HX}>Go</a>', "hx-post='/contacts' is no route"),
    ('<a href="/nowhere?x=1">Go</a>', "href='/nowhere?x=1' is no route for GET"),
    ('<form action="/save"></form>', "action='/save' is no route for GET"),
    (
        f'<form method="post" action="/contacts">{TOKEN}</form>',
        "action='/contacts' is no route for POST",
    ),
    (
        f'<form method="post" action="/save">{TOKEN}<button type="submit" formaction="/contacts">Go</button></form>',
        "formaction='/contacts' is no route for POST",
    ),
    (f'<a hx-get="/contacts" {HX}>Go</a>', "an htmx link also has a plain href"),
    (f'<form hx-get="/contacts" {HX}></form>', "an htmx form also has a plain action"),
    (f'<form action="/contacts" hx-post="/save" {HX}></form>', "has method=post"),
    (
        f'<button type="button" hx-post="/save" {HX}>Go</button>',
        "an htmx button stands in a plain form",
    ),
    ('<a href="/contacts" hx-get="/contacts">Go</a>', "are said on the element itself"),
    (
        '<a href="/contacts" hx-get="/contacts" hx-target="#list">Go</a>',
        "are said on the element itself",
    ),
    ('<div hx-target="#list"></div>', "would be inherited"),
    ('<form method="post" action="/save"></form>', "a POST form carries its token"),
    (
        '<form method="post" action="/save"><input type="hidden" name="csrf_token" value=""></form>',
        "carries its token",
    ),
    ('<input name="q">', "field 'q' has no label"),
    ('<label for="q"></label><input id="q" name="q">', "field 'q' has no label"),
    ('<form action="/contacts"><input aria-label="Q"></form>', "a field in a form has a name"),
    ('<input name="q" aria-label="Q" aria-invalid="true">', "a bad field says what is wrong"),
    ("<fieldset></fieldset>", "a fieldset has a legend"),
    ('<button type="button"><svg aria-hidden="true"></svg></button>', "a control without a name"),
    (
        '<button type="button"><span aria-hidden="true">x</span></button>',
        "a control without a name",
    ),
    ('<a href="/contacts"></a>', "a control without a name"),
    ('<a href="/contacts"><img src="/x.js" alt=""></a>', "a control without a name"),
    ("<summary></summary>", "a control without a name"),
    ("<button>Go</button>", "a button says its type"),
    ('<a href="/contacts">Go <button type="button">x</button></a>', "a control inside a control"),
    ('<img src="/x.js">', "an image has alt"),
    ("<svg></svg>", "a drawing is hidden or has role and name"),
    ("<table><tr><th scope='col'>A</th></tr></table>", "a table has a caption"),
    ("<table><caption>A</caption><tr><td>A</td></tr></table>", "a table has header cells"),
    ("<table><caption>A</caption><tr><th>A</th></tr></table>", "a header cell has a scope"),
    (
        "<table><caption>A</caption><tr><th scope='col'></th></tr></table>",
        "a header cell without words",
    ),
    ("<time>Thu</time>", "a time has datetime"),
    ("<p>{{ contact.name }}</p>", "left-over template or object text"),
    ("<p>{% if x %}</p>", "left-over template or object text"),
    ("<p>&lt;portal.Contact object at 0x7f&gt;</p>", "left-over template or object text"),
    ("<td>None</td>", "None shown in"),
]

PLANTED_ON_PAGES = [
    ("<!doctype html>", "", "starts with its doctype"),
    (' lang="en"', "", "says its language"),
    ("<h1>Contacts</h1>", "<h1>Contacts</h1><h1>Again</h1>", "exactly one h1"),
    ("<title>Contacts", "<title>People", "starts with the h1"),
    ('<main id="main">', "<main></main><main id='main'>", "exactly one main"),
    (
        "<h1>Contacts</h1><h2>List</h2>",
        "<h2>List</h2><h1>Contacts</h1>",
        "h2 'List' comes after nothing",
    ),
    ("<h2>List</h2>", "<h3>List</h3>", "h3 'List' comes after h1"),
    ('hx-target="#list"', 'hx-target="#gone"', "hx-target '#gone' is not on the page"),
    (
        'aria-describedby="n-e"',
        'aria-describedby="n-x"',
        "aria-describedby='n-x' is not on the page",
    ),
    (
        '<label for="n">Name</label>',
        '<label for="n">Name</label><label for="m">M</label>',
        "for='m' is not on the page",
    ),
    ('href="#main"', 'href="#gone"', "href='#gone' leads nowhere"),
    (
        '<div id="list">',
        '<div id="list" hx-swap-oob="true">',
        "an out-of-band part on a whole page",
    ),
    (
        '<div id="list">',
        '<div id="list" data-dialog="#gone">',
        "data-dialog '#gone' is not on the page",
    ),
]


@pytest.fixture(scope="module")
def routes() -> Flask:
    app = Flask("routes", static_folder=None)
    app.add_url_rule("/contacts", endpoint="contacts", methods=["GET"])
    app.add_url_rule("/save", endpoint="save", methods=["POST"])
    app.add_url_rule("/x.js", endpoint="script", methods=["GET"])
    return app


def test_sound_page_has_no_complaint(routes):
    assert pagelint.check(routes, SOUND) == []


@pytest.mark.parametrize(("fault", "complaint"), PLANTED)
def test_planted_fault_is_found_in_a_partial(routes, fault, complaint):
    found = pagelint.check(routes, fault)
    assert any(complaint in line for line in found), found


@pytest.mark.parametrize(("fault", "complaint"), PLANTED)
def test_planted_fault_is_found_on_a_page(routes, fault, complaint):
    found = pagelint.check(routes, SOUND.replace("</main>", f"{fault}</main>"))
    assert any(complaint in line for line in found), found


@pytest.mark.parametrize(("sound", "broken", "complaint"), PLANTED_ON_PAGES)
def test_fault_of_a_whole_page_is_found(routes, sound, broken, complaint):
    assert sound in SOUND
    found = pagelint.check(routes, SOUND.replace(sound, broken, 1))
    assert any(complaint in line for line in found), found


def test_every_rule_has_a_planted_fault(routes):
    """A rule none of the faults trips could be broken without notice."""
    pages = [fault for fault, _ in PLANTED] + [
        SOUND.replace(old, new, 1) for old, new, _ in PLANTED_ON_PAGES
    ]
    idle = []
    for group in ("EVERYWHERE", "WHOLE"):
        for rule in getattr(pagelint, group):
            alone = {"EVERYWHERE": (), "WHOLE": (), group: (rule,)}
            with pytest.MonkeyPatch.context() as patch:
                for name, rules in alone.items():
                    patch.setattr(pagelint, name, rules)
                if not any(pagelint.check(routes, page) for page in pages):
                    idle.append(rule.__name__)
    assert idle == []


def test_partial_needs_no_title_and_may_point_elsewhere(routes):
    part = f'<a id="next" href="/contacts" hx-get="/contacts" {HX}>Next</a>'
    assert pagelint.check(routes, part) == []


def test_merge_fields_are_no_remnants(routes):
    assert pagelint.check(routes, "<p>Hi {first_name}</p>") == []
