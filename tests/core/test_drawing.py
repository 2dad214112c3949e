"""What our way of drawing writes is what Jinja would have written (G6)."""

from enum import StrEnum
from uuid import UUID

import pytest
from flask import Flask
from flask.templating import Environment
from jinja2 import DictLoader, UndefinedError, pass_context
from markupsafe import Markup

from portal.core.drawing import Drawing


class Colour(StrEnum):
    """A word that is no plain string."""

    RED = "<red>"


class Drawn:
    """Something that knows its own markup."""

    def __html__(self) -> str:
        return "<i>own</i>"


VALUES = {
    "text": """<a href="x">'&'</a>""",
    "plain": "nothing to escape",
    "markup": Markup("<b>&amp;</b>"),
    "word": Colour.RED,
    "drawn": Drawn(),
    "none": None,
    "number": 1284,
    "id": UUID(int=7),
    "many": ["<", 1],
}
EACH = "".join(f"{{{{ {name} }}}}|" for name in (*VALUES, "unknown"))
TEMPLATES = {
    "base.html": "<title>{% block title %}{% endblock %}</title>{% block main %}{% endblock %}{{ text }}",
    "macros.html": """
        {% macro cell(value, wide=False) %}<td{% if wide %} class="wide"{% endif %}>{{ value }}</td>{% endmacro %}
        {% macro row() %}<tr>{{ caller("<in>") }}{{ site }}</tr>{% endmacro %}
        {% macro rest() %}{{ varargs }}{{ kwargs }}{% endmacro %}""",
    "page.html": """{% extends "base.html" %}{% from "macros.html" import cell, rest, row %}
        {% block title %}{{ text }}{% endblock %}
        {% block main %}{% set seen = "<set>" %}
          {% for value in many %}{{ cell(value, wide=loop.first) }}{{ told(seen) }}{{ plain_told("<", end="<>") }}{% endfor %}
          {% call(word) row() %}{{ word }}{{ cell(markup) }}{% endcall %}{{ rest("<", a="<") }}
          {{ text ~ markup }}{{ text|upper }}{{ markup|safe }}{{ "<lit>" }}{{ text|e }}{{ "%s<"|format(text) }}
        {% endblock %}""",
    "each.html": EACH,
    "each.txt": EACH,
    "off.html": "{% autoescape false %}" + EACH + "{% endautoescape %}",
    "volatile.html": "{% autoescape number > 1 %}" + EACH + "{% endautoescape %}{% autoescape number < 1 %}" + EACH + "{% endautoescape %}",
    "included.html": "{% include 'each.html' %}{% import 'macros.html' as m with context %}{{ m.cell(text) }}",
}  # fmt: skip


@pass_context
def _told(context: dict[str, object], seen: str) -> str:
    return f"{context['plain']}{seen}{context.get('value')}"


def _environment(kind: type[Environment]) -> Environment:
    app = Flask(__name__)
    drawn = kind(app, loader=DictLoader(TEMPLATES), autoescape=app.select_jinja_autoescape)
    drawn.globals.update(site="<site>", told=_told, plain_told=lambda text, end="": text + end)
    return drawn


@pytest.mark.parametrize("name", ["page.html", "each.html", "each.txt", "off.html", "volatile.html", "included.html"])  # fmt: skip
def test_a_page_is_jinjas_to_the_letter(name):
    ours, theirs = (_environment(kind).get_template(name) for kind in (Drawing, Environment))

    assert ours.render(VALUES) == theirs.render(VALUES)
    assert "written(" in ours.environment.compile(TEMPLATES[name], name, raw=True) or name in {
        "each.txt", "off.html", "volatile.html", "included.html"
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ["{{ cell(1, 2, 3) }}", "{{ cell(hue=1) }}", "{{ cell.nothing() }}", "{{ unknown() }}"])  # fmt: skip
def test_what_is_called_wrongly_is_refused_as_ever(wrong):
    source = "{% from 'macros.html' import cell %}" + wrong
    for kind in (Drawing, Environment):
        with pytest.raises((TypeError, UndefinedError)):
            _environment(kind).from_string(source).render()


def test_what_one_template_is_given_for_itself_no_other_finds():
    drawn = _environment(Drawing)
    given = drawn.from_string("{{ site }}{{ own }}", globals={"own": "<own>"})

    assert given.render() == "&lt;site&gt;&lt;own&gt;"
    assert drawn.from_string("{{ own }}").render() == ""


def test_the_portal_is_drawn_so(app):
    assert type(app.jinja_env) is Drawing
