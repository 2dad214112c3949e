"""What the carrier posts to us: texts from people, and news of ours (RULINGS 17).

Nothing is believed before its signature. On database trouble the answer is 503, so that
the carrier asks again; after 204 or the empty TwiML, what was told is committed.
"""

import logging
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Final, ParamSpec
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from portal.core.access import signed_by_carrier
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.settings import settings
from portal.core.together import NotKept, Together
from portal.gateways import signature
from portal.messaging.service import inbound, statuses
from portal.messaging.service.inbound import Incoming
from portal.messaging.service.statuses import Callback
from portal.messaging.values import MediaRef
from portal.numbers import queries as numbers

P = ParamSpec("P")

bp = Blueprint("messaging_webhooks", __name__, url_prefix="/webhooks/twilio")
logger = logging.getLogger(__name__)

# No words of ours: what is to be answered goes through the outbox.
_SILENCE: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_news: Final = Together(statuses.store_all)


class _Refused(Exception):
    """The request is answered with this status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def _answers(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer refusals in plain text, and trouble of our own with 503: the carrier asks again."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except _Refused as refused:
            return Response(f"{refused}\n", refused.status, mimetype="text/plain")
        except signature.BadWebhook as error:
            return Response(f"{error.message}\n", 400, mimetype="text/plain")
        except (SQLAlchemyError, NotKept, DomainError):  # genuine, so it must not be lost
            logger.exception("a webhook could not be stored")
            return Response("Try again.\n", 503, {"Retry-After": "5"}, mimetype="text/plain")

    return answered


@bp.post("/sms")
@signed_by_carrier
@_answers
def sms() -> Response:
    """Take in a text from a person; STOP is obeyed before we answer."""
    params, organization_id = _genuine()
    text = signature.read_inbound(params)
    with unit_of_work():
        inbound.receive(
            Incoming(
                organization_id=organization_id,
                sid=text.message_sid,
                from_number=text.from_number,
                to=text.to,
                body=text.body,
                segments=text.segments,
                media=[MediaRef(url, content_type) for url, content_type in text.media],
                opt_out_type=text.opt_out_type,
                payload=text.params,
            )
        )
    return Response(_SILENCE, 200, mimetype="text/xml")


@bp.post("/status")
@signed_by_carrier
@_answers
def status() -> Response:
    """Keep news of a text as it came; a job applies it within a second or two."""
    params, organization_id = _genuine()
    news = signature.read_status(params)
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


def _genuine() -> tuple[Sequence[tuple[str, str]], UUID]:
    """Return the signed parameters and whose they are; refuse what is not the carrier's."""
    if (request.content_length or 0) > signature.MAX_BODY_BYTES:
        raise _Refused(413, "A webhook has at most 64 KB.")
    if request.mimetype != "application/x-www-form-urlencoded":
        raise _Refused(415, "A webhook is a form, URL-encoded.")
    request.max_content_length = signature.MAX_BODY_BYTES
    url = _signed_url()
    params = list(request.form.items(multi=True))
    account_sids = [value for name, value in params if name == "AccountSid"]
    is_named = len(account_sids) == 1 and account_sids[0].isalnum()
    given = request.headers.get(signature.HEADER)
    for read in (numbers.webhook_account_just_read, numbers.webhook_account):
        account = read(account_sids[0]) if is_named else None
        if account is not None and signature.is_genuine(url, params, given, account.tokens):
            return params, account.organization_id
    raise _Refused(403, "The signature is not the carrier's.")


def _signed_url() -> str:
    """Return the address the carrier was given, from settings; refuse other spellings of it.

    The path reaches us decoded, without fragment or host. What came over the wire must be
    that path to the letter, else one signature would do for several addresses.
    """
    query = request.query_string.decode("latin-1")
    wire = request.environ.get("RAW_URI")  # as the server read it
    if wire not in (None, request.path + (f"?{query}" if query else "")):
        raise _Refused(400, "That is not how the address was given to the carrier.")
    return signature.external_url(settings().public_url, request.path, query)


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
