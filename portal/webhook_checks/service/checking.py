"""Test calls: to our own public address, through whatever stands before it, signed as Twilio signs.

Each is made in three steps, begin, make and settle, so that no transaction is open while it waits.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import delete, select

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import WebhookRefused
from portal.core.posted import FORM, HEADER, JSON, Posted
from portal.core.settings import settings
from portal.gateways import signature, webhooks
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.webhooks import NoAnswer
from portal.numbers import queries as numbers
from portal.webhook_checks import queries, rules
from portal.webhook_checks.errors import CheckRunning, NothingToSignWith
from portal.webhook_checks.models import WebhookCheck
from portal.webhook_checks.service import believing
from portal.webhook_checks.service.pointing import Look, look
from portal.webhook_checks.values import Reason

WITHIN: Final = timedelta(seconds=20)  # of a test call's beginning, it may arrive
KEPT_FOR: Final = timedelta(days=30)
PATH: Final = "/webhooks/twilio/check/"
_QUERY: Final = "by=portal&n=1"  # so that a query on its way can be compared, too


@dataclass(frozen=True, slots=True)
class Call:
    """One test call to make."""

    check_id: UUID
    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or why none did."""

    status: int | None
    problem: str = ""


def call(organization_id: UUID | None, *, actor: Actor) -> None:
    """Make both test calls, a form and news in JSON; in units of work of its own.

    Raises NothingToSignWith, CheckRunning.
    """
    for is_news in (False, True):
        with unit_of_work():
            made = begin(organization_id, actor=actor, is_news=is_news)
        answer = make(made)
        looked = Look() if is_news else look(organization_id)
        with unit_of_work():
            settle(made, answer, looked)


def begin(organization_id: UUID | None, *, actor: Actor, is_news: bool = False) -> Call:
    """Write down a test call and return it; None is the installation's own.

    News of numbers is JSON, and signed with the installation's token whoever asks (N-3). Raises
    NothingToSignWith, or CheckRunning while another one is under way.
    """
    now = utcnow()
    for last in queries.checks(organization_id, is_news=is_news)[:1]:
        if not last.is_settled and now - last.asked_at < WITHIN:
            raise CheckRunning("A test call is under way. Look again in a few seconds.")
    credentials = _credentials(None if is_news else organization_id)
    token = secrets.token_urlsafe(32)
    public = settings().public_url.rstrip("/")
    params = [("AccountSid", credentials.account_sid)]
    body = json.dumps(dict(params)) if is_news else urlencode(params)
    query = _QUERY
    if is_news:
        query += f"&{signature.BODY_DIGEST}={signature.digest(body.encode())}"
    row = WebhookCheck(
        organization_id=organization_id,
        token_hash=_hash(token),
        signed_url=f"{public}{PATH}{_hidden(token)}?{query}",
        is_news=is_news,
        asked_at=now,
        asked_by=actor.label,
    )
    db.session.execute(delete(WebhookCheck).where(WebhookCheck.asked_at < now - KEPT_FOR))
    db.session.add(row)
    db.session.flush()  # the call and the entry name the row
    audit.record(
        "webhook-checks:call:make",
        actor=actor,
        organization_id=organization_id,
        subject_id=row.id,
    )
    url = f"{public}{PATH}{token}?{query}"
    headers = {
        HEADER: signature.sign(credentials.auth_token, url, [] if is_news else params),
        "Content-Type": JSON if is_news else FORM,
        "User-Agent": "ConsentDesk/check",
    }
    return Call(row.id, url, headers, body)


def make(call: Call) -> Answer:
    """Post the call; outside any unit of work. Nothing it meets raises."""
    try:
        return Answer(webhooks.current().post(call.url, call.headers, call.body))
    except NoAnswer as error:
        return Answer(None, str(error))


def arrive(token: str, posted: Posted) -> None:
    """Write down how a test call came in. Raises WebhookRefused for one that was not made."""
    row = db.session.scalar(
        select(WebhookCheck).where(WebhookCheck.token_hash == _hash(token)).with_for_update()
    )
    if row is None or row.arrived_at or row.settled_at or utcnow() - row.asked_at > WITHIN:
        raise WebhookRefused(rules.REFUSALS[Reason.UNKNOWN_ACCOUNT])
    row.arrived_at = utcnow()
    row.seen_url = posted.seen_url.replace(token, _hidden(token))
    row.hops = posted.hops
    tokens = (of_installation().auth_token,) if row.is_news else _tokens(posted.account_sid)
    row.refusal = _refusal(posted, tokens)


def settle(call: Call, answer: Answer, look: Look) -> None:
    """Write down what came back, and which numbers lead elsewhere."""
    row = db.session.get(WebhookCheck, call.check_id, populate_existing=True)
    if row is not None:
        row.answer, row.no_answer = answer.status, answer.problem[:300]
        row.strays = [asdict(stray) for stray in look.strays]
        row.not_looked = look.problem[:300]
        row.settled_at = utcnow()


def _refusal(posted: Posted, tokens: Sequence[str]) -> str:
    """Return why the webhooks would refuse this call; empty where they would believe it."""
    if not posted.is_spelled_as_given:
        return rules.WHY[Reason.OTHER_SPELLING][0]
    url = signature.external_url(settings().public_url, posted.path, posted.query)
    if believing.is_signed(posted, url, tokens):
        return ""
    if believing.is_signed_with_other_body(posted, url, tokens):
        return rules.WHY[Reason.OTHER_BODY][0]
    return rules.WHY[Reason.UNPROVEN if posted.signature else Reason.NOT_SIGNED][0]


def _tokens(account_sid: str | None) -> tuple[str, ...]:
    if account_sid is None:
        return ()
    account = numbers.webhook_account(account_sid)
    if account is not None:
        return account.tokens
    own = of_installation()
    return (own.auth_token,) if own.account_sid == account_sid else ()


def _credentials(organization_id: UUID | None) -> CarrierCredentials:
    if organization_id is None:
        return of_installation()
    found = numbers.credentials(organization_id)
    if found is None:
        raise NothingToSignWith(
            "Your organization has no account at the carrier yet. It is opened with the first "
            "number: set one up, then make a test call."
        )
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hidden(token: str) -> str:
    """Return how a token is shown: enough to see that the path came through."""
    return token[:6]
