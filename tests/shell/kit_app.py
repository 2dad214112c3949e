"""A tiny app that renders every layout and component with sample data, to look at and to test.

Run it: `python -m tests.shell.kit_app`, then open http://localhost:8077/kit.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import NotFound
from wtforms import (
    BooleanField,
    FileField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

ROOT = Path(__file__).resolve().parents[2]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NOW = datetime(2026, 11, 20, 1, 40, tzinfo=UTC)


@dataclass
class Place:
    label: str
    icon: str
    url: str = "/kit"
    is_current: bool = False
    count: int | None = None
    is_hot: bool = False
    is_live: bool = False
    is_extra: bool = False


@dataclass
class Group:
    title: str
    items: list[Place] = field(default_factory=list)


class KitForm(FlaskForm):
    name = StringField("Name")
    phone = StringField("Mobile number")
    email = StringField("E-mail")
    password = PasswordField("Password")
    owner = SelectField(
        "Owner",
        choices=[SelectChoice("dana", "Dana Whitfield"), SelectChoice("teddy", "Teddy Amaral")],
    )
    basis = RadioField(
        "How did they agree?",
        choices=[
            SelectChoice("web", "On our web form"),
            SelectChoice("paper", "On paper, with a scan"),
        ],
    )
    topics = SelectMultipleField(
        "Topics",
        choices=[SelectChoice("price", "Price changes"), SelectChoice("open", "Open houses")],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    agree = BooleanField("I have this person's written consent")
    scan = FileField("Scan of the signed page")
    note = TextAreaField("Note", validators=[Length(max=500)])


def navigation() -> list[Group]:
    return [
        Group(
            "Work",
            [
                Place("Home", "home"),
                Place("Inbox", "inbox", count=4, is_hot=True),
                Place("New text", "send"),
                Place("Contacts", "people", is_current=True),
            ],
        ),
        Group(
            "Programme",
            [
                Place("Campaigns", "campaign", is_extra=True),
                Place("Plans", "plan", is_extra=True),
                Place("Consent", "shield", is_extra=True),
                Place("Appeals", "scale", count=1, is_extra=True),
                Place("Reports", "chart", is_extra=True),
                Place("Settings", "cog", is_extra=True),
            ],
        ),
    ]


def signed_in() -> dict[str, object]:
    """Return what the context processors of the product give every signed-in page."""
    return {
        "me": SimpleNamespace(
            name="Dana Whitfield",
            initials="DW",
            email="dana@juniper.example",
            role="agent",
            role_label="Agent",
        ),
        "organization": SimpleNamespace(id="1", name="Juniper Realty"),
        "account": SimpleNamespace(id="2", name="Dana Whitfield", owner_name="Dana Whitfield"),
        "switch_url": "/kit",
        "accounts": [
            SimpleNamespace(
                id="2",
                name="Dana Whitfield",
                organization_name="Juniper Realty",
                url="/kit",
                is_current=True,
                is_read_only=False,
                state="",
            ),
            SimpleNamespace(
                id="3",
                name="Lakeside team, shared",
                organization_name="Juniper Realty",
                url="/kit",
                is_current=False,
                is_read_only=False,
                state="Bulk paused",
            ),
        ],
        "nav": navigation(),
        "rail_meter": SimpleNamespace(
            label="Credits",
            value="1,284",
            of="left",
            percent=36,
            foot="210 expire on 30 Nov",
            url="/kit",
        ),
        "unread_count": 3,
        "notices_url": "/kit",
        "search_url": "/kit",
        "notice": SimpleNamespace(
            level="bad",
            title="Sending is stopped.",
            text="The carrier suspended this account on 18 Nov for a high error rate.",
            link_url="/kit",
            link_label="Open the appeal",
        ),
        "sandbox_url": "http://localhost:8001/",
        "standstill": None,
        "standstill_url": None,
        "clock_note": "Demo time: 2 days ahead",
        "sign_out_url": "/kit/answer",
        "profile_url": "/kit",
        "help_url": "/kit",
    }


NOBODY = dict.fromkeys(signed_in()) | {"nav": [], "accounts": [], "unread_count": 0}


def sample() -> dict[str, object]:
    """Return the data the kit page shows."""
    people = [
        ("Abernathy, Ruth", "+17735550119", "good", "Yes", 1),
        ("Adeyemi-Fontaine, Priscilla Oluwaseun", "+13125550128", "good", "Yes", 12),
        ("Ferreira, Luis", "+13055550133", "held", "After 8 am", 3),
        ("Nakamura, Grace", "+13125550164", "out", "Opted out", 0),
        ("Stone, Walter", "+16305550158", "blocked", "No consent", 0),
    ]
    return {
        "now": NOW,
        "rows": [
            SimpleNamespace(
                id=str(i), name=n, phone=p, kind=k, can=c, texts=t, at=NOW - timedelta(days=i)
            )
            for i, (n, p, k, c, t) in enumerate(people)
        ],
        "chips": [
            SimpleNamespace(label="Owner: Dana Whitfield", remove_url="/kit"),
            SimpleNamespace(label="Added since 1 Aug", remove_url="/kit"),
        ],
        "views": [
            SimpleNamespace(label="All", url="/kit", is_current=True, count=486),
            SimpleNamespace(label="Needs you", url="/kit", is_current=False, count=34),
            SimpleNamespace(label="Replied", url="/kit", is_current=False, count=None),
        ],
        "events": [
            SimpleNamespace(
                icon="reply", text="Replied to a campaign", at=NOW, kind="accent", detail=None
            ),
            SimpleNamespace(
                icon="plan", text="Plan “New buyer” paused by reply", at=NOW, kind=None, detail=None
            ),
            SimpleNamespace(
                icon="shield",
                text="Opted in, form “Alder Ct”, version 3",
                at=NOW - timedelta(days=2),
                kind="ok",
                detail="203.0.113.40",
            ),
            SimpleNamespace(
                icon="stop",
                text="Account suspended by the carrier",
                at=NOW - timedelta(days=3),
                kind="bad",
                detail=None,
            ),
        ],
        "todo": [
            SimpleNamespace(
                state="done", text="First text", note="Names the sender and STOP", url="/kit"
            ),
            SimpleNamespace(
                state="weak", text="Checkbox", note="Version 2 has no screenshot", url="/kit"
            ),
            SimpleNamespace(
                state="missing",
                text="Traffic stopped",
                note="Pause the plan to confirm",
                url="/kit",
            ),
            SimpleNamespace(state="todo", text="Send a test text", note=None, url=None),
        ],
        "steps_of_import": [
            SimpleNamespace(label="File", state="done", url="/kit"),
            SimpleNamespace(label="Columns", state="current", url=None),
            SimpleNamespace(label="Check", state="todo", url=None),
            SimpleNamespace(label="Import", state="todo", url=None),
        ],
        "parts": [
            SimpleNamespace(kind="ok", start=0, percent=55.8, count=271, label="delivered"),
            SimpleNamespace(kind="accent", start=55.8, percent=6.8, count=33, label="sent"),
            SimpleNamespace(kind="quiet", start=62.6, percent=30.4, count=148, label="queued"),
            SimpleNamespace(kind="warn", start=93.0, percent=3.9, count=19, label="held"),
            SimpleNamespace(
                kind="bad", start=96.9, percent=3.1, count=15, label="failed or blocked"
            ),
        ],
    }


def create_kit() -> Flask:
    app = Flask("kit", root_path=str(ROOT), static_folder="static")
    app.config.update(SECRET_KEY="kit", WTF_CSRF_TIME_LIMIT=None)
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(ROOT / "templates"),
            FileSystemLoader(Path(__file__).parent / "templates"),
        ]
    )
    CSRFProtect(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["static_url"] = lambda name: url_for("static", filename=name)
    app.jinja_env.globals["kept"] = lambda draw, _most=0: draw  # the kit draws everything anew
    app.jinja_env.globals["kept_menus"] = 0
    app.jinja_env.filters.update(
        when=lambda moment: f"{moment:%-d %b}, {moment:%-I:%M} {moment:%p}".lower().replace(
            "nov", "Nov"
        ),
        iso=lambda moment: moment.isoformat(),
        phone=lambda e164: f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}",
        number=lambda figure: f"{figure:,}",
        percent=lambda share: f"{share:.1f} %",
        short_hash=lambda digest: f"{digest[:4]}…{digest[-4:]}",
    )

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @app.get("/assets/<name>", endpoint="assets")
    def assets(name: str) -> ResponseReturnValue:
        if name != "htmx.min.js":
            raise NotFound
        script = files("django_htmx").joinpath("static/django_htmx/htmx-2.min.js")
        return Response(script.read_bytes(), mimetype="text/javascript")

    @app.get("/")
    @app.get("/kit")
    def kit() -> ResponseReturnValue:
        form = KitForm(name="Maya Castellanos")
        form.phone.errors = ["Too short for a phone number: 312 555. Add the area code."]
        form.basis.errors = ["Choose how this person agreed."]
        form.agree.errors = ["Tick the box, or save the person without consent."]
        if "quiet" not in request.args:
            flash("Campaign started. You can close this page; sending goes on.", "ok")
        return render_template(
            "kit.html", form=form, oob=False, refusal=None, **signed_in(), **sample()
        )

    @app.get("/kit/flush")
    def flush() -> ResponseReturnValue:
        return render_template("kit_flush.html", oob=False, refusal=None, **signed_in(), **sample())

    @app.get("/kit/sign-in")
    def sign_in() -> ResponseReturnValue:
        form = KitForm()
        form.password.errors = ["E-mail and password do not match. 4 tries left."]
        context = NOBODY | {"sandbox_url": "http://localhost:8001/"}
        return render_template("kit_sign_in.html", form=form, oob=False, refusal=None, **context)

    @app.get("/kit/public")
    def public() -> ResponseReturnValue:
        return render_template("kit_public.html", form=KitForm(), **NOBODY)

    @app.get("/kit/error/<name>")
    def error(name: str) -> ResponseReturnValue:
        who = NOBODY if "nobody" in request.args else signed_in() | {"notice": None}
        extra = dict.fromkeys(
            ("way_url", "way_label", "incident", "support_email", "retry_text", "limit_text")
        )
        if name == "refused":
            extra |= {
                "message": "Quiet hours in Florida since 8:00 pm. Goes Fri 8:00 am there.",
                "way_url": "/kit",
            }
        if name == "500":
            extra |= {"incident": "4b7d90c2", "support_email": "help@juniper.example"}
        return render_template(f"errors/{name}.html", oob=False, refusal=None, **who, **extra)

    @app.get("/kit/small")
    def small() -> ResponseReturnValue:
        return render_template("_kit_small.html", form=KitForm(), oob=False, refusal=None)

    @app.post("/kit/answer")
    def answer() -> ResponseReturnValue:
        """Answer as the product does: 422 with the partial, 409 with the flash alone, 500, or 200."""
        form, kind = KitForm(), request.form.get("name", "")
        if kind == "fault":
            return Response("broken", 500)
        if kind == "whole":
            return Response(error("413"), 413)
        if kind == "refuse":
            page = render_template(
                "components/_flash.html",
                refusal="You have 0 credits left. Buy credits to go on.",
                oob=True,
            )
            return Response(page, 409, {"HX-Reswap": "none"})
        if not kind:
            form.name.errors = ["Enter a name."]
        else:
            flash(f"Saved {kind}.", "ok")
        page = render_template("_kit_small.html", form=form)
        page += render_template("components/_flash.html", refusal=None, oob=True)
        return Response(page, 200 if kind else 422)

    return app


if __name__ == "__main__":
    create_kit().run(port=8077)
