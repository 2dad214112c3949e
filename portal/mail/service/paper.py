"""Renders a mail's two parts from its pair of templates, in any process, without a web around it."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from portal.core import formats
from portal.core.settings import ROOT, settings


def render(
    template: str, subject: str, context: Mapping[str, object], *, zone: str
) -> tuple[str, str]:
    """Return the text and the HTML of templates/mail/<template>; a name it lacks is a bug."""
    given = {
        **context,
        "subject": subject,
        "zone": zone,
        "application_name": settings().application_name,
    }
    text, html = (
        _paper().get_template(f"mail/{template}.{part}").render(given) for part in ("txt", "html")
    )
    return f"{text.strip()}\n", html


@cache
def _paper() -> Environment:
    paper = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
    )
    paper.filters.update(
        moment=_moment, day=_day, number=formats.number, money=formats.money, phone=formats.phone
    )
    paper.globals["plural"] = formats.plural
    return paper


@pass_context
def _moment(context: Context, at: datetime) -> str:
    return formats.moment(at, context["zone"])


@pass_context
def _day(context: Context, at: datetime) -> str:
    return formats.day(at, context["zone"])
