"""A text from a person: keywords as the carrier handles them, and the webhook."""

import json
import sqlite3
from typing import Literal

from portal.sandbox import formats, inventory, lifecycle, outbox, sending, twiml
from portal.sandbox.context import Carrier

OPT_OUT = frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"])
OPT_IN = frozenset(["START", "YES", "UNSTOP"])
HELP = frozenset(["HELP", "INFO"])
Kind = Literal["STOP", "START", "HELP"]

REPLIES: dict[Kind, str] = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages "
    "from this number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP "
    "for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
TOLL_FREE_REPLIES: dict[Kind, str] = {
    "STOP": 'NETWORK MSG: You replied with the word "stop" which blocks all texts sent from this '
    'number. Text back "unstop" to receive messages again.',
    "START": 'NETWORK MSG: You have replied "unstop" and will begin receiving messages again from '
    "this number.",
    "HELP": REPLIES["HELP"],
}


class NotReachedError(Exception):
    """A person's text does not arrive; the words say why."""


def keyword(body: str) -> Kind | None:
    """Return the kind of keyword a whole text is, as the carrier matches it."""
    word = body.strip().upper()
    if word in OPT_OUT:
        return "STOP"
    if word in OPT_IN:
        return "START"
    return "HELP" if word in HELP else None


def receive(
    carrier: Carrier,
    person: str,
    number: str,
    body: str,
    pictures: tuple[lifecycle.Picture, ...] = (),
) -> sqlite3.Row:
    """Take a text from a person to a number of ours, and tell the owner by webhook."""
    owned = carrier.store.row("SELECT * FROM numbers WHERE e164 = ?", number)
    if owned is None:
        message = f"{formats.national(number)} is nobody's number."
        raise NotReachedError(message)
    account = carrier.store.row(
        "SELECT * FROM accounts WHERE sid = ? AND status = 'active'", owned["account_sid"]
    )
    if account is None:
        message = f"The account of {formats.national(number)} is not active."
        raise NotReachedError(message)
    service = carrier.store.row("SELECT * FROM services WHERE sid = ?", owned["service_sid"])
    with carrier.store.work():
        draft = lifecycle.Draft(
            account_sid=owned["account_sid"],
            direction="inbound",
            recipient=number,
            sender=person,
            body=body,
            service_sid=owned["service_sid"],
            status="received",
            pictures=pictures,
        )
        message_row = lifecycle.write(carrier.store, carrier.knobs, draft)
        kind = _handle_keyword(carrier, owned, service, person, body)
        advanced = bool(service and service["advanced_opt_out"])
        letter = _letter(carrier, message_row, owned, service, kind if advanced else None)
        if letter:
            outbox.post(carrier.store, carrier.knobs, letter)
    carrier.courier.ring()
    return message_row


def _handle_keyword(
    carrier: Carrier, owned: sqlite3.Row, service: sqlite3.Row | None, person: str, body: str
) -> Kind | None:
    """Block, lift or help, where the carrier does so, and return what it did."""
    kind = keyword(body)
    handles = (service or owned)["carrier_keywords"] and carrier.knobs.is_on("carrier_keywords")
    if kind is None or not handles:
        return None
    blocked = sending.is_blocked(carrier, person, owned["e164"], owned["service_sid"])
    with carrier.store.work() as db:
        if kind == "STOP":
            db.execute(
                "INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)",
                (owned["service_sid"] or owned["e164"], person, formats.now()),
            )
        if kind == "START":
            db.execute(
                "DELETE FROM blocks WHERE person = ? AND scope IN (?, ?)",
                (person, owned["e164"], owned["service_sid"]),
            )
    # A person is told once: a second STOP, or a YES in mere conversation, gets no answer.
    if kind == "HELP" or (kind == "STOP") != blocked:
        words = TOLL_FREE_REPLIES if formats.is_toll_free(owned["e164"]) else REPLIES
        _reply(carrier, owned, person, twiml.Reply(words[kind]), free=True)
    return kind


def _reply(
    carrier: Carrier, owned: sqlite3.Row, person: str, reply: twiml.Reply, *, free: bool = False
) -> None:
    draft = lifecycle.Draft(
        account_sid=owned["account_sid"],
        direction="outbound-reply",
        recipient=formats.e164(reply.to) or person,
        sender=owned["e164"],
        body=reply.body,
        service_sid=owned["service_sid"],
        callback=reply.callback or None,
        free=free,
        pictures=tuple(
            lifecycle.Picture("image/jpeg", url)
            for url in reply.media
            if url.startswith(("http://", "https://"))
        ),
    )
    lifecycle.write(carrier.store, carrier.knobs, draft)


def _letter(
    carrier: Carrier,
    message: sqlite3.Row,
    owned: sqlite3.Row,
    service: sqlite3.Row | None,
    opt_out_type: Kind | None,
) -> outbox.Letter | None:
    """Return the webhook of an inbound text, or None where the owner wants none."""
    settings = json.loads(owned["settings"])
    # An application goes before the address, and none answers here.
    url = "" if settings["sms_application_sid"] else settings["sms_url"]
    method = settings["sms_method"]
    fallback = settings["sms_fallback_url"]
    if service is not None:
        of_service = json.loads(service["settings"])
        if not of_service["use_inbound_webhook_on_number"]:
            url, method = of_service["inbound_request_url"], of_service["inbound_method"]
            fallback = of_service["fallback_url"]
    if not url:
        return None
    params = _params(carrier, message)
    if opt_out_type:
        params["OptOutType"] = opt_out_type
    return outbox.Letter(
        kind="inbound",
        message_sid=message["sid"],
        account_sid=message["account_sid"],
        url=url,
        params=params,
        method=method or "POST",
        fallback=fallback or "",
    )


def _params(carrier: Carrier, message: sqlite3.Row) -> dict[str, str]:
    """Return the form of an inbound webhook."""
    sid, account = message["sid"], message["account_sid"]
    media = carrier.store.rows("SELECT * FROM media WHERE message_sid = ? ORDER BY rowid", sid)
    params = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": account,
        "From": message["sender"],
        "To": message["recipient"],
        "Body": message["body"],
        "NumMedia": str(len(media)),
        "NumSegments": str(message["segments"]),
        "SmsStatus": "received",
        "ApiVersion": lifecycle.API_VERSION,
    }
    if message["service_sid"]:
        params["MessagingServiceSid"] = message["service_sid"]
    for side, number in (("From", message["sender"]), ("To", message["recipient"])):
        place = inventory.place_of(number)
        params[f"{side}City"] = place.locality.upper() if place else ""
        params[f"{side}State"] = place.region if place else ""
        params[f"{side}Zip"] = ""
        params[f"{side}Country"] = place.country if place else ""
    for index, medium in enumerate(media):
        params[f"MediaContentType{index}"] = medium["content_type"]
        params[f"MediaUrl{index}"] = (
            f"{carrier.config.base_url}/api/2010-04-01/Accounts/{account}/Messages/{sid}"
            f"/Media/{medium['sid']}"
        )
    return params


def heed(carrier: Carrier, message_sid: str, content_type: str, body: bytes) -> str | None:
    """Send the replies that a webhook's answer asks for; returns what is wrong with it, if so."""
    message = lifecycle.get(carrier.store, message_sid)
    try:
        replies = twiml.read(content_type, body)
    except twiml.TwimlError as error:
        return str(error)
    for reply in replies:
        source = formats.e164(reply.sender) or message["recipient"]
        owned = carrier.store.row(
            "SELECT * FROM numbers WHERE e164 = ? AND account_sid = ?",
            source,
            message["account_sid"],
        )
        person = formats.e164(reply.to) or message["sender"]
        if owned is None:
            return "21606: the reply's sender is not a number of this account"
        if sending.is_blocked(carrier, person, source, owned["service_sid"]):
            return "21610: the reply's recipient has opted out"
        _reply(carrier, owned, person, reply)
    return None
