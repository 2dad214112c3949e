"""What the carrier posts to us: texts from people, and news of ours (RULINGS 17).

Nothing is believed before its signature. On database trouble the answer is 503, so that
the carrier asks again; after 204 or the empty TwiML, what was told is committed.
"""

import logging
from functools import partial
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, request

from portal.core import posted
from portal.core.access import signed_by_carrier
from portal.core.db import snapshot, unit_of_work
from portal.core.errors import GatewayBusy
from portal.core.together import Together
from portal.gateways import signature
from portal.gateways.few import FewAtOnce
from portal.messaging.service import inbound, opening, statuses
from portal.messaging.service.incoming import Incoming
from portal.messaging.service.statuses import Callback
from portal.messaging.values import MediaRef
from portal.webhook_checks import service as webhook_checks
from portal.webhook_checks.values import Route

logger = logging.getLogger(__name__)

bp = Blueprint("messaging_webhooks", __name__, url_prefix="/webhooks/twilio")

# No words of ours: what is to be answered goes through the outbox.
_SILENCE: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_news: Final = Together(statuses.store_all)
# While the carrier's record can't be read, the other threads are there for STOP (I3).
_LOOKS: Final = 3
_NO_LOOK_FOR_S: Final = 30.0
_looks: Final = FewAtOnce(_LOOKS, pause_s=_NO_LOOK_FOR_S)


@bp.post("/sms")
@signed_by_carrier
@posted.answers
def sms() -> Response:
    """Take in a text from a person; STOP is obeyed before we answer."""
    came = posted.read()
    organization_id = webhook_checks.believe(came, Route.SMS)
    text = signature.read_inbound(came.params)
    incoming = Incoming(
        organization_id=organization_id,
        sid=text.message_sid,
        from_number=text.from_number,
        to=text.to,
        body=text.body,
        segments=text.segments,
        media=[MediaRef(url, content_type) for url, content_type in text.media],
        opt_out_type=text.opt_out_type,
        payload=text.params,
        is_undated=True,
    )
    if opening.may_open(incoming):
        incoming = _dated(incoming)
    with unit_of_work():
        inbound.receive(incoming)
    return Response(_SILENCE, 200, mimetype="text/xml")


@bp.post("/status")
@signed_by_carrier
@posted.answers
def status() -> Response:
    """Keep news of a text as it came; a job applies it within a second or two."""
    came = posted.read()
    organization_id = webhook_checks.believe(came, Route.STATUS)
    news = signature.read_status(came.params)
    _news.keep(
        Callback(
            organization_id=organization_id,
            sid=news.message_sid,
            status=news.status,
            error_code=news.error_code,
            message_id=_message_id(),
            attempt=_attempt(),
            payload=news.params,
        )
    )
    return Response(status=204)


def _dated(incoming: Incoming) -> Incoming:
    """Ask the carrier when a text was sent, if it opens a number; no transaction is open then.

    Where that can't be done now, the text waits for the job.
    """
    with snapshot():
        credentials = opening.credentials_to_ask(incoming)
    if credentials is None:
        return incoming
    try:
        sent_at = _looks.look(partial(opening.sent_at, credentials, incoming.sid))
    except GatewayBusy as error:
        logger.warning("nobody asked the carrier when %s was sent: %s", incoming.sid, error)
        return incoming
    return opening.dated(incoming, sent_at)


def _message_id() -> UUID | None:
    """Return the text our own address names; it is under the signature."""
    try:
        return UUID(request.args.get("m", ""))
    except ValueError:
        return None


def _attempt() -> int | None:
    """Return which attempt our own address names; nothing else is a number of one."""
    text = request.args.get("a", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
