"""Calls: placed by the API, and simulated from a person to a number of ours.

A simulated call does what Twilio does: it asks the number's voice URL, follows the TwiML, tells
how a dialed phone took it, and posts the number's status callback when all is over.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urldefrag, urlencode
from xml.etree import ElementTree as ET

import urllib3
from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.sandbox import formats, lifecycle, outbox, twiml
from portal.sandbox.auth import account_of, require_active
from portal.sandbox.context import Carrier, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.inbound import NotReachedError
from portal.sandbox.paging import answer
from portal.sandbox.signature import sign

bp = Blueprint("calls", __name__)
pages = Blueprint("phone_calls", __name__)
OUTCOMES: Final = ("completed", "busy", "no-answer", "failed")
_A_TALK_S: Final = 45  # of a call from a handset
_LONGEST_CHAIN: Final = 5  # of answers that send the call on
_http = urllib3.PoolManager(4, retries=False)


@dataclass
class Heard:
    """What came of a simulated call, in order."""

    sid: str
    person: str
    outcome: str  # how a phone it is forwarded to takes it
    talk: int  # seconds, where it is taken
    steps: list[dict[str, str]] = field(default_factory=list)
    seconds: int = 0

    def add(self, kind: str, words: str) -> None:
        """Note one thing the caller heard, a phone that rang, or what went wrong."""
        self.steps.append({"kind": kind, "words": words})


@bp.post("/Accounts/<account>/Calls.json")
def create(account: str) -> Response:
    """Place a call: the phone hears what the TwiML says."""
    owner = account_of(account)
    require_active(owner)
    to, sender = request.form.get("To", ""), request.form.get("From", "")
    person, own = formats.e164(to), formats.e164(sender)
    if person is None:
        raise TwilioError(21211, to)
    owned = carrier().store.row(
        "SELECT * FROM numbers WHERE e164 = ? AND account_sid = ?", own, owner["sid"]
    )
    if owned is None:
        raise TwilioError(21210, sender)
    said = " ".join(_spoken(ET.fromstring(request.form.get("Twiml", "<Response/>"))))  # noqa: S314  it is our own portal's
    sid, at = formats.new_sid("CA"), formats.now()
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO calls VALUES (?, ?, 'outbound-api', ?, ?, ?, 'completed', ?)",
            (sid, owner["sid"], own, person, said, at),
        )
    return answer(
        {
            "sid": sid,
            "account_sid": owner["sid"],
            "to": person,
            "from": own,
            "status": "queued",
            "direction": "outbound-api",
            "date_created": formats.rfc2822(at),
            "uri": f"/2010-04-01/Accounts/{owner['sid']}/Calls/{sid}.json",
        },
        201,
    )


def call(of: Carrier, person: str, number: str, outcome: str, seconds: int) -> Heard:
    """Call a number as a person; a phone it is forwarded to takes it as `outcome` says."""
    owned = of.store.row(
        "SELECT n.*, a.auth_token, a.status FROM numbers n JOIN accounts a ON a.sid = n.account_sid"
        " WHERE n.e164 = ?",
        number,
    )
    if owned is None or owned["status"] != "active":
        message = f"Nobody answers at {formats.national(number)}."
        raise NotReachedError(message)
    heard = Heard(formats.new_sid("CA"), person, outcome, seconds)
    params = {
        "CallSid": heard.sid,
        "AccountSid": owned["account_sid"],
        "From": person,
        "To": number,
        "Caller": person,
        "Called": number,
        "Direction": "inbound",
        "ApiVersion": lifecycle.API_VERSION,
    }
    settings = json.loads(owned["settings"])
    url, more = settings["voice_url"], {"CallStatus": "ringing"}
    if other := settings.get("trunk_sid") or settings["voice_application_sid"]:
        heard.add("elsewhere", f"The call went to {other}.")
        return heard
    for _ in range(_LONGEST_CHAIN):
        document = _ask(owned, url, params | more, heard)
        if document is None:
            break
        for words in _spoken(document):
            heard.add("said", words)
        dial = document.find("Dial")
        if dial is None:
            break
        url, more = dial.get("action", ""), _dial(of, owned, dial, heard)
        if not url:
            break
    ended = params | {"CallStatus": "completed", "CallDuration": str(heard.seconds + 1)}
    if settings["status_callback"]:
        _post(owned, settings["status_callback"], ended, heard)
    with of.store.work() as db:
        db.execute(
            "INSERT INTO calls VALUES (?, ?, 'inbound', ?, ?, ?, 'completed', ?)",
            (
                heard.sid,
                owned["account_sid"],
                person,
                number,
                " ".join(step["words"] for step in heard.steps if step["kind"] == "said"),
                formats.now(),
            ),
        )
    return heard


@pages.post("/handsets/call")
def from_handset() -> AnyResponse:
    """Call a number from a handset; what was heard stands beside the phone's texts."""
    form = request.form
    person, number = formats.e164(form.get("from", "")), formats.e164(form.get("to", ""))
    if person is None or number is None:
        flash("Choose a number to call.", "bad")
        return redirect(url_for("handsets.index"), 303)
    try:
        heard = call(carrier(), person, number, "completed", _A_TALK_S)
    except NotReachedError as error:
        flash(str(error), "bad")
    else:
        flash(" ".join(step["words"] for step in heard.steps), "ok")
    return redirect(
        url_for("handsets.show", digits=int(person[1:])) + f"?with=%2B{number[1:]}", 303
    )


def of_person(of: Carrier, person: str) -> list[sqlite3.Row]:
    """Return the last calls to and from a phone, newest first."""
    return of.store.rows(
        "SELECT * FROM calls WHERE (direction = 'inbound' AND sender = ?)"
        " OR (direction <> 'inbound' AND recipient = ?) ORDER BY created DESC, rowid DESC LIMIT 5",
        person,
        person,
    )


def _dial(of: Carrier, owned: sqlite3.Row, dial: ET.Element, heard: Heard) -> dict[str, str]:
    """Let the other phone ring, and return what the action is told."""
    phone = "".join(part.text or "" for part in dial.iter("Number")) or (dial.text or "")
    shown = dial.get("callerId", heard.person)
    is_allowed = shown == heard.person or of.store.count(
        "SELECT COUNT(*) FROM numbers WHERE e164 = ? AND account_sid = ?",
        shown,
        owned["account_sid"],
    )
    status = heard.outcome if is_allowed else "failed"
    heard.add("rang", f"{phone} rang, showing {shown}: {status}")
    told = {"CallStatus": "in-progress", "DialCallStatus": status}
    if status == "completed":
        heard.seconds += heard.talk
        told |= {"DialCallSid": formats.new_sid("CA"), "DialCallDuration": str(heard.talk)}
    return told


def _ask(owned: sqlite3.Row, url: str, params: dict[str, str], heard: Heard) -> ET.Element | None:
    """Ask for TwiML; None, with the carrier's own words, where there is none to follow."""
    said = _post(owned, url, params, heard) if url else None
    if said is None:
        heard.add("said", "We are sorry, an application error has occurred. Goodbye.")
        return None
    try:
        return twiml.document(said[0], said[1])
    except twiml.TwimlError as error:
        heard.add("error", str(error))
        return None


def _post(
    owned: sqlite3.Row, url: str, params: dict[str, str], heard: Heard
) -> tuple[str, bytes] | None:
    """Post a signed webhook, as often as its address asks; return type and body of the answer."""
    target, times = urldefrag(url).url, outbox.overrides(url)
    limit = urllib3.Timeout(connect=times.connect, read=times.read, total=times.total)
    for _ in range(1 + times.retries):
        try:
            said = _http.request(
                "POST",
                target,
                body=urlencode(params),
                headers={
                    "X-Twilio-Signature": sign(owned["auth_token"], target, params),
                    "Content-Type": "application/x-www-form-urlencoded",
                    "User-Agent": "TwilioProxy/1.1",
                },
                timeout=limit,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            failure = "11205: no connection"
            continue
        if said.status < 300:
            return said.headers.get("Content-Type", ""), bytes(said.data)
        failure = f"11200: HTTP {said.status}"
    heard.add("error", failure)
    return None


def _spoken(document: ET.Element) -> list[str]:
    return [(verb.text or "").strip() for verb in document if verb.tag == "Say"]
