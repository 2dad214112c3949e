"""What the carrier posts of calls (SPEC 14): one rings, its other leg ended, it is over."""

from flask import Blueprint, Response

from portal.calls import rules
from portal.calls import service as calls
from portal.core import posted
from portal.core.access import signed_by_carrier
from portal.core.db import unit_of_work
from portal.core.settings import settings
from portal.gateways import signature, twiml
from portal.gateways.signature import external_url
from portal.people import queries as people
from portal.webhook_checks import service as webhook_checks
from portal.webhook_checks.values import Route

bp = Blueprint("calls_webhooks", __name__, url_prefix="/webhooks/twilio")
_ENDED = "/webhooks/twilio/voice-ended"


@bp.post("/voice")
@signed_by_carrier
@posted.answers
def voice() -> Response:
    """Say where a call goes that rings at a number of ours."""
    came = posted.read()
    organization_id = webhook_checks.believe(came, Route.VOICE)
    news = signature.read_call(came.params)
    with unit_of_work():
        rung = calls.ring(organization_id, news)
    if rung.phone is None:
        return _twiml(twiml.say(*rules.told_words(rung.name)))
    ended_url = external_url(settings().public_url, _ENDED, "")
    return _twiml(
        twiml.go_on(rung.phone, caller_id=rung.caller_id, ended_url=ended_url, ring_s=rules.RING_S)
    )


@bp.post("/voice-ended")
@signed_by_carrier
@posted.answers
def voice_ended() -> Response:
    """Write down how the forwarding phone's leg ended; a caller nobody took is told so."""
    came = posted.read()
    organization_id = webhook_checks.believe(came, Route.VOICE)
    news = signature.read_call(came.params)
    with unit_of_work():
        is_answered = calls.dialed(organization_id, news)
    if is_answered:
        return _twiml(twiml.end())
    organization = people.organization(organization_id)
    return _twiml(twiml.say(*rules.missed_words(organization.name if organization else "")))


@bp.post("/call-status")
@signed_by_carrier
@posted.answers
def call_status() -> Response:
    """Write down that a call is over, and how long it was."""
    came = posted.read()
    organization_id = webhook_checks.believe(came, Route.CALL_STATUS)
    news = signature.read_call(came.params)
    with unit_of_work():
        calls.ended(organization_id, news)
    return Response(status=204)


def _twiml(words: str) -> Response:
    return Response(words, 200, mimetype="text/xml")
