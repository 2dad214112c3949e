"""Looks at what lies outside the database, each by the client that does the real work.

Outside any unit of work. What a look meets it answers; it raises nothing for a carrier or a mail
server that says no. Each has the time limits of its client.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from portal.core import audit, checkpoints
from portal.core.clock import utcnow
from portal.core.errors import GatewayError, GatewayRejected
from portal.gateways import email
from portal.gateways import numbers as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.email import Verdict
from portal.go_live import queries
from portal.go_live.rules.machine import SIGNED_WITHIN, UNSIGNED
from portal.go_live.values import Answer
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers.rules import Doing
from portal.webhook_checks import service as webhooks


def failed() -> Answer:
    """Return what is kept of a look that broke, so that no older answer passes for its own."""
    return Answer(
        utcnow(),
        problem="The look failed in a way nobody foresaw. The worker's log says how.",
        is_reached=False,
    )


def looks() -> Iterator[tuple[str, Callable[[], Answer]]]:
    """Return every look by the name its answer is kept under, the quick ones first."""
    yield queries.LOG, look_at_log
    yield queries.ACCOUNT, look_at_account
    if email.current() is not None:
        yield queries.MAIL, look_at_mail
    for organization_id in numbers.organizations_at_the_carrier():
        yield queries.of(organization_id), partial(look_at_organization, organization_id)


def look_at_account() -> Answer:
    """Ask the carrier how the installation's own account stands."""
    credentials = of_installation()
    answer = _standing(credentials, is_installations=True)
    return replace(answer, about=credentials.account_sid)


def look_at_organization(organization_id: UUID) -> Answer:
    """Ask the carrier how an organization's account stands, and where its numbers lead."""
    credentials = numbers.credentials(organization_id)
    if credentials is None:
        return Answer(utcnow(), problem="Its account at the carrier is gone.")
    answer = _standing(credentials, is_installations=False)
    if answer.problem or answer.status != gateways.ACTIVE:
        return answer
    found = webhooks.look(organization_id)
    return Answer(
        answer.at,
        status=answer.status,
        is_trial=answer.is_trial,
        strays=len(found.strays),
        not_looked=found.problem,
    )


def look_at_mail() -> Answer:
    """Connect to the mail server and sign in, without handing anything over."""
    gateway = email.current()
    assert gateway is not None  # looks() asked
    tried = gateway.greet()
    is_in = tried.verdict is Verdict.TAKEN
    problem = "" if is_in else tried.error or "The mail server said no."
    return Answer(utcnow(), problem=problem, about=queries.mail_server())


def look_at_log() -> Answer:
    """Hold every chain of the audit log against its newest checkpoint, and look how old that is."""
    now = utcnow()
    return Answer(now, problem=next(filter(None, map(partial(_wrong, now), audit.chains())), ""))


def _wrong(now: datetime, chain: UUID) -> str:
    fault = checkpoints.contradiction(chain)
    if fault is not None:
        return f"The audit log does not hold at entry {fault.position}: {fault.reason}."
    newest = checkpoints.newest(chain)
    try:
        first = audit.entry_at(chain, (newest.note.size if newest else 0) + 1)
    except ValueError:
        return "An entry of the audit log can't be read."
    if first is not None and now - datetime.fromisoformat(first.at) > SIGNED_WITHIN:
        return UNSIGNED
    return ""


def _standing(credentials: CarrierCredentials, *, is_installations: bool) -> Answer:
    try:
        found = gateways.current().account_standing(credentials)
    except GatewayRejected as error:
        trouble = number_rules.explain(error, Doing.LIST, is_installations=is_installations)
        return Answer(utcnow(), problem=trouble.cause or trouble.sentence)
    except GatewayError:
        return Answer(utcnow(), problem="The carrier did not answer.", is_reached=False)
    return Answer(utcnow(), status=found.status, is_trial=found.is_trial)
