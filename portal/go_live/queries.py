"""The facts that going live is judged by; what needs the network is read from the last look."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from portal.core import audit, checkpoints
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.processes import process_facts
from portal.core.settings import settings
from portal.go_live import rules
from portal.go_live.models import ONLY, GoLive
from portal.go_live.rules import machine
from portal.go_live.values import (
    Answer,
    BrokerageFacts,
    CallFacts,
    CarrierFacts,
    Check,
    Facts,
    Look,
    MachineFacts,
    MailFacts,
    ReachFacts,
    Said,
    TrialMail,
)
from portal.mail import queries as mail
from portal.messaging.queries import recovery
from portal.numbers import queries as numbers
from portal.numbers.rules import is_toll_free
from portal.numbers.values import SenderRef
from portal.people import queries as people
from portal.people.values import OrganizationRef
from portal.registrations import queries as registrations
from portal.registrations.values import RegistrationRef, State
from portal.webhook_checks import queries as webhooks
from portal.webhook_checks import rules as webhook_rules

LEFT_AFTER: Final = timedelta(minutes=3)  # a look no worker took by then waits for none
LEASE: Final = timedelta(minutes=5)  # a worker that did not end by then has died
ACCOUNT, MAIL, LOG = "account", "mail", "log"


def of(organization_id: UUID) -> str:
    """Return under which name the answer about an organization is kept."""
    return f"organization:{organization_id}"


def look() -> Look:
    """Return the last look that was asked for, with all that looks brought back."""
    row = db.session.get(GoLive, ONLY, populate_existing=True)
    if row is None:
        return Look()
    is_open = row.asked_at is not None and row.settled_at is None
    return Look(
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        is_open=is_open,
        is_left=is_open and _is_left(row, utcnow()),
        answers={name: Answer.from_json(one) for name, one in row.answers.items()},
        backup=Said(row.backup_at, row.backup_by) if row.backup_at else None,
        mail_key=row.mail_key,
        mail_to=row.mail_to,
    )


def _is_left(row: GoLive, now: datetime) -> bool:
    if row.begun_at is not None:
        return now - row.begun_at > LEASE
    return row.asked_at is not None and now - row.asked_at > LEFT_AFTER


def is_waiting() -> bool:
    """Say whether a look was asked for that has not ended."""
    return look().is_open


def checks(last: Look, now: datetime) -> list[Check]:
    """Return every check as it stands, in the order of the page."""
    return rules.judge(_facts(last), now)


def _facts(last: Look) -> Facts:
    chosen = settings()
    return Facts(
        carrier=CarrierFacts(chosen.is_sandbox, chosen.twilio_api_base, _of_account(last)),
        reach=ReachFacts(chosen.public_url, chosen.is_sandbox, _calls()),
        mail=MailFacts(
            has_server=chosen.smtp_url is not None,
            is_in_the_clear=chosen.smtp_tls == "none",
            sender=chosen.sender_email,
            support=chosen.support_email,
            answer=last.answer_about(MAIL, mail_server()),
            test=_test_mail(last),
        ),
        brokerages=_brokerages(last),
        machine=_machine(last),
    )


def _of_account(last: Look) -> Answer | None:
    return last.answer_about(ACCOUNT, settings().twilio_account_sid)


def mail_server() -> str:
    """Return host and port of the mail server the settings name, nothing secret."""
    parts = urlsplit(settings().smtp_url or "")
    return parts.netloc.rpartition("@")[2]


def _calls() -> tuple[CallFacts, ...]:
    """Return what the newest test calls to the address of now showed, once they ended."""
    found, here = [], f"{settings().public_url}/"
    for is_news in (False, True):
        ended = [
            call
            for call in webhooks.checks(None, is_news=is_news)
            if call.is_settled and call.signed_url.startswith(here)
        ]
        for call in ended[:1]:
            verdict = webhook_rules.verdict(call, trusted=settings().trusted_proxies)
            found.append(CallFacts(call.asked_at, verdict.is_good, verdict.sentence, verdict.mend))
    return tuple(found)


def _test_mail(last: Look) -> TrialMail | None:
    sent = mail.mail_of_key(last.mail_key, last.mail_to) if last.mail_key else None
    if sent is None:
        return None
    return TrialMail(sent.to, sent.state, sent.sent_at or sent.created_at, sent.last_error or "")


def _brokerages(last: Look) -> tuple[BrokerageFacts, ...]:
    at_the_carrier = set(numbers.organizations_at_the_carrier())
    ready: dict[UUID, list[SenderRef]] = defaultdict(list)
    for sender in numbers.ready_senders():
        ready[sender.organization_id].append(sender)
    return tuple(
        _brokerage(one, ready[one.id], last, has_account=one.id in at_the_carrier)
        for one in people.organizations()
    )


def _brokerage(
    organization: OrganizationRef, senders: list[SenderRef], last: Look, *, has_account: bool
) -> BrokerageFacts:
    free = [sender for sender in senders if is_toll_free(sender.e164)]
    brand = registrations.of_organization(organization.id)
    requests = registrations.toll_free(organization.id) if free else []
    return BrokerageFacts(
        id=organization.id,
        name=organization.name,
        is_sandbox=settings().is_sandbox,
        has_account=has_account,
        answer=last.answer(of(organization.id)),
        local=len(senders) - len(free),
        toll_free=len(free),
        unverified=sum(not sender.is_registered for sender in free),
        registration=brand.state if brand else None,
        trouble=_trouble(brand) if brand else "",
        toll_free_trouble=next((said for one in requests if (said := _trouble(one))), ""),
    )


def _trouble(registration: RegistrationRef) -> str:
    if registration.state in (State.REJECTED, State.SUSPENDED) and registration.reasons:
        return registration.reasons[0].sentence
    if registration.trouble is not None:
        return f"{registration.trouble.sentence} {registration.trouble.cause}".strip()
    return "The carriers suspended it." if registration.state is State.SUSPENDED else ""


def _machine(last: Look) -> MachineFacts:
    chosen, processes = settings(), process_facts()
    has_demo_file = (chosen.var / people.DEMO_LOGINS_FILE).exists()
    return MachineFacts(
        is_sandbox=chosen.is_sandbox,
        is_demo=people.has_demo(),
        has_demo_keys=has_demo_file and bool(chosen.made_keys),
        made_keys=chosen.made_keys,
        is_weak=machine.is_weak(chosen.secret_key),
        database="sqlite" if is_sqlite() else "postgresql",
        is_embedded_queue=chosen.embeds_queue,
        queue_answers=processes.queue_answers,
        workers=processes.workers,
        hosts=processes.hosts,
        scheduler_at=recovery.scheduler_ran_at(),
        failed=recovery.failed_sweeps(),
        is_signed=checkpoints.newest(audit.INSTALLATION) is not None,
        log=last.answer(LOG),
        backup=last.backup,
    )
