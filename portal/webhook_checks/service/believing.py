"""Whose a webhook is, by its signature (PROMISES 4, row 7); the last of each kind is remembered.

What is remembered is written at most once in a while for each route and organization, so that
neither a busy day nor a flood of forgeries writes much.
"""

import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite, unit_of_work
from portal.core.errors import WebhookRefused
from portal.core.posted import Posted
from portal.core.settings import settings
from portal.gateways import signature
from portal.numbers import queries as numbers
from portal.numbers.values import WebhookAccount
from portal.webhook_checks import rules
from portal.webhook_checks.models import WebhookMark
from portal.webhook_checks.values import Reason, Route

logger = logging.getLogger(__name__)
GENUINE_EVERY_S: Final = 60.0
REFUSED_EVERY_S: Final = 10.0
NOBODY: Final = UUID(int=0)
_BAD_REQUEST: Final = 400
_marked: dict[tuple[UUID, Route, bool], float] = {}


def believe(posted: Posted, route: Route) -> UUID:
    """Return whose webhook this is. Raises WebhookRefused for what is not the carrier's."""
    if not posted.is_spelled_as_given:
        raise _refused(posted, route, None, Reason.OTHER_SPELLING)
    url = signature.external_url(settings().public_url, posted.path, posted.query)
    account = None
    for read in (numbers.webhook_account_just_read, numbers.webhook_account):
        account = read(posted.account_sid) if posted.account_sid else None
        if account and signature.is_genuine(url, posted.params, posted.signature, account.tokens):
            _mark(posted, route, account.organization_id)
            return account.organization_id
    raise _refused(posted, route, account, _why(posted, account))


def believe_news(posted: Posted) -> None:
    """Believe news of numbers that come and go: JSON, signed with the installation's token (N-3).

    Raises WebhookRefused for what is not the carrier's.
    """
    own = WebhookAccount(NOBODY, (settings().twilio_auth_token,))
    if not posted.is_spelled_as_given:
        raise _refused(posted, Route.PORTING, None, Reason.OTHER_SPELLING)
    url = signature.external_url(settings().public_url, posted.path, posted.query)
    if not is_signed(posted, url, own.tokens):
        raise _refused(posted, Route.PORTING, own, _why_not_news(posted, url, own))
    _mark(posted, Route.PORTING, NOBODY)


def is_signed(posted: Posted, url: str, tokens: Sequence[str]) -> bool:
    """Say whether a token signed this form or this body for an address."""
    if posted.body is None:
        return signature.is_genuine(url, posted.params, posted.signature, tokens)
    return signature.is_genuine_json(url, posted.body, posted.signature, tokens)


def is_signed_with_other_body(posted: Posted, url: str, tokens: Sequence[str]) -> bool:
    """Say whether a token signed this address, but for another body in JSON."""
    return posted.body is not None and signature.is_genuine(url, [], posted.signature, tokens)


def note_foreign_host(path: str, seen_url: str) -> None:
    """Remember that a webhook came under a host name that is not the portal's (W2)."""
    route = next((one for one in Route if path == f"/webhooks/twilio/{one.value}"), None)
    if route is not None:
        _keep(NOBODY, route, lambda: {"reason": Reason.FOREIGN_HOST, "seen_url": seen_url})


def signed_for(posted: Posted, account: WebhookAccount) -> str | None:
    """Return the other address of ours that the account's token signed this for, if there is one."""
    tried = rules.candidates(
        posted.scheme, posted.hosts, posted.wire or posted.target, settings().public_url
    )
    return next(
        (url for url in tried if is_signed(posted, url, account.tokens)),
        None,
    )


def _why(posted: Posted, account: WebhookAccount | None) -> Reason:
    if not posted.signature:
        return Reason.NOT_SIGNED
    return Reason.UNPROVEN if account else Reason.UNKNOWN_ACCOUNT


def _why_not_news(posted: Posted, url: str, own: WebhookAccount) -> Reason:
    if is_signed_with_other_body(posted, url, own.tokens):
        return Reason.OTHER_BODY
    return Reason.UNPROVEN if posted.signature else Reason.NOT_SIGNED


def _refused(
    posted: Posted, route: Route, account: WebhookAccount | None, reason: Reason
) -> WebhookRefused:
    """Remember a refusal and return it."""

    def seen() -> dict[str, object]:
        url = signed_for(posted, account) if account and posted.signature else None
        return {
            "reason": Reason.OTHER_ADDRESS if url else reason,
            "signed_url": url[:500] if url else None,
            "seen_url": posted.seen_url,
            "hops": posted.hops,
        }

    _keep(account.organization_id if account else NOBODY, route, seen)
    error = WebhookRefused(rules.REFUSALS[reason])
    if reason is Reason.OTHER_SPELLING:
        error.status = _BAD_REQUEST
    return error


def _mark(posted: Posted, route: Route, organization_id: UUID) -> None:
    """Remember a genuine webhook. Raises SQLAlchemyError: then it could not be stored either."""
    if _is_due(organization_id, route, is_genuine=True):
        with unit_of_work():
            _write(
                organization_id,
                route,
                is_genuine=True,
                seen={"seen_url": posted.seen_url, "hops": posted.hops},
            )


def _keep(scope_id: UUID, route: Route, seen: Callable[[], dict[str, object]]) -> None:
    """Remember a refused webhook, if it is time; a database that is away doesn't change the answer."""
    if not _is_due(scope_id, route, is_genuine=False):
        return
    try:
        with unit_of_work():
            _write(scope_id, route, is_genuine=False, seen=seen())
    except SQLAlchemyError as error:
        logger.warning("a refused webhook was not noted: %s", type(error).__name__)


def _is_due(scope_id: UUID, route: Route, *, is_genuine: bool) -> bool:
    key, now = (scope_id, route, is_genuine), monotonic()
    if now < _marked.get(key, 0.0):
        return False
    _marked[key] = now + (GENUINE_EVERY_S if is_genuine else REFUSED_EVERY_S)
    return True


def _write(scope_id: UUID, route: Route, *, is_genuine: bool, seen: dict[str, object]) -> None:
    values = {
        "organization_id": scope_id if scope_id != NOBODY else None,
        "at": utcnow(),
        "reason": None,
        "signed_url": None,
        "hops": 0,
        **seen,
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(WebhookMark)
    db.session.execute(
        insert.values(
            scope_id=scope_id, route=route, is_genuine=is_genuine, **values
        ).on_conflict_do_update(
            index_elements=["scope_id", "route", "is_genuine"],
            set_=values,
        )
    )
