"""The pages: people's phones, the knobs, the magic numbers, the log."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from portal.core import clock
from portal.sandbox import accounts, calls, formats, inbound, lifecycle
from portal.sandbox.context import carrier
from portal.sandbox.control import BadOrderError, move_clock
from portal.sandbox.errors import DELIVERY_ERRORS
from portal.sandbox.knobs import KNOBS, Knob
from portal.sandbox.magic import BUY, FROM, TO
from portal.sandbox.porting import REJECTED, UNPORTABLE
from portal.sandbox.reviews import BUSINESSES, CAMPAIGNS, TOLL_FREE

bp = Blueprint("handsets", __name__)
_WAIT = 2.0
_MOST_PEOPLE = 200
_PICTURES = {"image/png", "image/jpeg", "image/gif"}
_ASSETS = Path(__file__).parent / "assets"
# Texts and calls alike: whom a phone was in touch with.
_TOUCHES = (
    "SELECT direction, sender, recipient, created FROM messages"
    " UNION ALL SELECT direction, sender, recipient, created FROM calls"
)
QUICK = ("STOP", "START", "HELP", "YES")


@dataclass(frozen=True)
class Person:
    """One line of the list of people."""

    number: str
    name: str
    last: str
    at: datetime
    is_theirs: bool
    is_stopped: bool


@dataclass(frozen=True)
class Bubble:
    """One text on a phone, or a line about one that never showed there."""

    kind: str  # mine, theirs or event
    body: str
    at: datetime
    note: str
    day: str
    media: list[tuple[str, str]]


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone()


def _clock_time(at: datetime) -> str:
    """Return a time as 7:42 pm."""
    return at.strftime("%I:%M %p").lstrip("0").lower()


def _short_time(at: datetime) -> str:
    """Return a time today, else a date."""
    today = _when(formats.now()).date()
    return _clock_time(at) if at.date() == today else f"{at.day} {at.strftime('%b')}"


@bp.context_processor
def _words() -> dict[str, object]:
    """Give the pages their ways to write times and numbers."""
    return {"clock_time": _clock_time, "short_time": _short_time, "national": formats.national}


def _people(search: str) -> list[Person]:
    """Return everybody who was in touch with a number, latest first."""
    rows = carrier().store.rows(
        "SELECT MAX(created) AS at, CASE direction WHEN 'inbound' THEN sender ELSE recipient END AS"  # noqa: S608  our own words
        f" person FROM ({_TOUCHES}) GROUP BY person ORDER BY at DESC LIMIT ?",
        _MOST_PEOPLE,
    )
    # The list shows what the phone shows: a text on its way is not there yet.
    query = (
        "SELECT * FROM messages WHERE (direction = 'inbound' AND sender = ?) OR (direction <>"
        " 'inbound' AND recipient = ? AND status IN ('sent', 'delivered')) ORDER BY seq DESC LIMIT 1"
    )
    wanted = "".join(char for char in search if char.isdigit())
    stopped = {row["person"] for row in carrier().store.rows("SELECT person FROM blocks")}
    people = []
    for row in rows:
        if wanted not in row["person"]:
            continue
        last = carrier().store.row(query, row["person"], row["person"])
        people.append(
            Person(
                number=row["person"],
                name=formats.national(row["person"]),
                last=(last["body"] or "Picture") if last else "No text has arrived yet",
                at=_when(last["created"] if last else row["at"]),
                is_theirs=last is not None and last["direction"] == "inbound",
                is_stopped=row["person"] in stopped,
            )
        )
    return people


def _partners(person: str) -> list[str]:
    """Return the numbers this person is in touch with, latest first."""
    rows = carrier().store.rows(
        "SELECT CASE direction WHEN 'inbound' THEN recipient ELSE sender END AS partner,"  # noqa: S608  our own words
        f" MAX(created) AS at FROM ({_TOUCHES}) WHERE (direction = 'inbound' AND sender = ?)"
        " OR (direction <> 'inbound' AND recipient = ?) GROUP BY partner ORDER BY at DESC",
        person,
        person,
    )
    return [row["partner"] for row in rows if row["partner"]]


def _thread(person: str, partner: str) -> list[Bubble]:
    rows = carrier().store.rows(
        "SELECT * FROM messages WHERE (sender = ? AND recipient = ?)"
        " OR (sender = ? AND recipient = ?) ORDER BY seq DESC LIMIT 200",
        person,
        partner,
        partner,
        person,
    )
    bubbles: list[Bubble] = []
    day = ""
    for row in reversed(rows):
        bubble = _bubble(row)
        if bubble is None:
            continue
        shown = "" if bubble.day == day else bubble.day
        day = bubble.day
        bubbles.append(
            Bubble(bubble.kind, bubble.body, bubble.at, bubble.note, shown, bubble.media)
        )
    return bubbles


def _bubble(row: sqlite3.Row) -> Bubble | None:
    """Return what a phone shows of a text; None while it is still on its way."""
    at = _when(row["sent"] or row["created"])
    day = f"{at.strftime('%A')} {at.day} {at.strftime('%B')}"
    media = [
        (medium["content_type"], _media_url(medium))
        for medium in carrier().store.rows(
            "SELECT * FROM media WHERE message_sid = ? ORDER BY rowid", row["sid"]
        )
    ]
    if row["direction"] == "inbound":
        return Bubble("mine", row["body"], at, "", day, media)
    if row["status"] in {"sent", "delivered", "read"}:
        note = "Carrier's own reply" if row["free"] else ""
        return Bubble("theirs", row["body"], at, note, day, media)
    if row["status"] in {"failed", "undelivered", "canceled"}:
        why = DELIVERY_ERRORS.get(row["error_code"], row["status"].capitalize())
        return Bubble(
            "event", f"A text did not arrive: {why} ({row['error_code']})", at, "", day, []
        )
    return None


def _media_url(medium: sqlite3.Row) -> str:
    if medium["content"] is None:
        return str(medium["url"])
    return url_for(
        "api.media.content",
        account=medium["account_sid"],
        message=medium["message_sid"],
        sid=medium["sid"],
    )


def _numbers() -> list[sqlite3.Row]:
    return carrier().store.rows(
        "SELECT n.e164, a.friendly_name, a.status FROM numbers n"
        " JOIN accounts a ON a.sid = n.account_sid ORDER BY n.created DESC, n.rowid DESC"
    )


@bp.get("/")
def index() -> AnyResponse:
    """Show the list of people, and the form to text as somebody new."""
    search = request.args.get("q", "")
    return _page(
        "sandbox/handsets.html",
        here="handsets",
        people=_people(search),
        search=search,
        numbers=_numbers(),
        person=None,
    )


@bp.get("/handsets/<int:digits>")
def show(digits: int) -> AnyResponse:
    """Show one phone, with the thread of one number."""
    person = f"+{digits}"
    partners = _partners(person)
    partner = formats.e164(request.args.get("with", "")) or (partners[0] if partners else "")
    search = request.args.get("q", "")
    blocks = carrier().store.rows(
        "SELECT b.scope, b.since, s.settings FROM blocks b LEFT JOIN services s ON s.sid = b.scope"
        " WHERE b.person = ? ORDER BY b.since",
        person,
    )
    return _page(
        "sandbox/handsets.html",
        here="handsets",
        people=_people(search),
        search=search,
        numbers=_numbers(),
        person=person,
        partner=partner,
        partners=partners,
        bubbles=_thread(person, partner),
        blocks=[_block(row) for row in blocks],
        calls=[(row, _when(row["created"])) for row in calls.of_person(carrier(), person)],
        quick=QUICK,
        waiting=_waiting(person, partner),
    )


def _block(row: sqlite3.Row) -> dict[str, object]:
    name = json.loads(row["settings"])["friendly_name"] if row["settings"] else None
    return {"name": name or formats.national(row["scope"]), "since": _when(row["since"])}


def _waiting(person: str, partner: str) -> int:
    """Return how many texts to this phone are still on their way."""
    return carrier().store.count(
        "SELECT COUNT(*) FROM messages WHERE recipient = ? AND sender = ? AND direction <> 'inbound'"
        " AND status IN ('queued', 'accepted', 'scheduled')",
        person,
        partner,
    )


@bp.post("/handsets")
def text() -> AnyResponse:
    """Send a text as a person, old or new."""
    form = request.form
    person, number = formats.e164(form.get("from", "")), formats.e164(form.get("to", ""))
    body = form.get("word") or form.get("body", "")
    if person is None or number is None:
        wrong = form.get("from", "") if person is None else form.get("to", "")
        flash(f"{wrong or 'Nothing'} is not a phone number. Write it like (312) 555-0142.", "bad")
        return redirect(request.referrer or url_for("handsets.index"), 303)
    pictures = _uploads()
    place = url_for("handsets.show", digits=int(person[1:])) + f"?with=%2B{number[1:]}"
    if not body.strip() and not pictures:
        flash("Write something first.", "bad")
        return redirect(place, 303)
    try:
        message = inbound.receive(carrier(), person, number, body, pictures)
    except inbound.NotReachedError as error:
        flash(f"Not delivered. {error}", "bad")
        return redirect(request.referrer or url_for("handsets.index"), 303)
    carrier().courier.wait_for(message["sid"], _WAIT)
    problem = carrier().store.row(
        "SELECT problem FROM webhooks WHERE message_sid = ? AND problem IS NOT NULL",
        message["sid"],
    )
    if problem:
        flash(f"The portal's webhook did not take it: {problem['problem']}", "bad")
    return redirect(place, 303)


def _uploads() -> tuple[lifecycle.Picture, ...]:
    return tuple(
        lifecycle.Picture(upload.mimetype, content=upload.read())
        for upload in request.files.getlist("picture")
        if upload.filename and upload.mimetype in _PICTURES
    )


@bp.get("/knobs")
def knobs() -> AnyResponse:
    """Show the knobs, the clock and the accounts."""
    groups: dict[str, list[Knob]] = {}
    for knob in KNOBS:
        groups.setdefault(knob.group, []).append(knob)
    return _page(
        "sandbox/knobs.html",
        here="knobs",
        groups=groups,
        values=carrier().knobs.values(),
        accounts=carrier().store.rows("SELECT * FROM accounts ORDER BY created"),
        now=_when(formats.now()),
        offset=clock.offset(),
    )


@bp.post("/knobs")
def turn() -> AnyResponse:
    """Turn the knobs of the form; an unticked switch is off."""
    form = request.form
    if form.get("action") == "rest":
        carrier().knobs.rest()
        flash("All knobs are at rest.", "ok")
        return redirect(url_for("handsets.knobs"), 303)
    changes = {
        knob.name: form.get(knob.name, False if knob.is_switch else knob.rest) for knob in KNOBS
    }
    try:
        carrier().knobs.turn(changes)
    except ValueError as error:
        flash(str(error), "bad")
    else:
        carrier().courier.ring()
        flash("Knobs turned.", "ok")
    return redirect(url_for("handsets.knobs"), 303)


@bp.post("/clock")
def travel() -> AnyResponse:
    """Move time by an hour or a day, or back to now."""
    hours = {"hour": 1, "day": 24}.get(request.form.get("by", ""))
    offset = clock.offset() + timedelta(hours=hours) if hours else timedelta()
    try:
        move_clock(carrier(), offset)
    except BadOrderError as error:
        flash(str(error), "bad")
    return redirect(url_for("handsets.knobs"), 303)


@bp.post("/flush")
def flush() -> AnyResponse:
    """Carry all callbacks now."""
    done = carrier().courier.flush(timeout=10.0)
    flash(f"{done.get('done', 0)} callbacks delivered, {done.get('failed', 0)} failed.", "ok")
    return redirect(url_for("handsets.knobs"), 303)


@bp.post("/accounts/<sid>")
def set_account(sid: str) -> AnyResponse:
    """Suspend or reactivate an account."""
    accounts.set_status(carrier().store, sid, request.form.get("status", ""))
    return redirect(url_for("handsets.knobs"), 303)


@bp.get("/magic")
def magic() -> AnyResponse:
    """Show the magic numbers."""
    return _page(
        "sandbox/magic.html",
        here="magic",
        to=TO,
        senders=FROM,
        buy=BUY,
        businesses=BUSINESSES,
        campaigns=CAMPAIGNS,
        toll_free=TOLL_FREE,
        unportable=UNPORTABLE,
        rejected=REJECTED,
    )


@bp.get("/log")
def log() -> AnyResponse:
    """Show the last attempts and webhooks."""
    return _page(
        "sandbox/log.html",
        here="log",
        attempts=carrier().store.rows("SELECT * FROM attempts ORDER BY seq DESC LIMIT 100"),
        webhooks=carrier().store.rows(
            "SELECT *, json_extract(params, '$.MessageStatus') AS reports"
            " FROM webhooks ORDER BY id DESC LIMIT 100"
        ),
        when=_when,
    )


@bp.get("/assets/handsets.js")
def script() -> Response:
    """Serve the page's few lines of script."""
    return send_file(_ASSETS / "handsets.js", mimetype="text/javascript")


def _page(template: str, **context: object) -> AnyResponse:
    return make_response(render_template(template, **context))
