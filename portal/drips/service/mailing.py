"""E-mail steps: to whoever has an address and has not turned plans' mail off (P-1).

Each carries the brokerage's postal address and a link that turns it off with one click (RFC 8058).
The list of who turned it off is the organization's own and has nothing to do with texts.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import queries as billing
from portal.contacts.values import ContactRef
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.drips.models import DripMailRefusal
from portal.drips.values import Outcome, Step
from portal.mail import rules as mail_rules
from portal.mail import service as mail
from portal.mail.values import Outgoing
from portal.messaging.rules.merge import FIELDS, USUAL_FALLBACKS, merge
from portal.messaging.service import saved
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef

_FALLBACKS: Final = {name: USUAL_FALLBACKS.get(name, "") for name in FIELDS}
_SALT: Final = "plan-mail"


def post(
    account: AccountRef, step: Step, asked: Mapping[UUID, ContactRef]
) -> dict[UUID, tuple[Outcome, str]]:
    """Write the mails of one step, each by its run's name; return what became of each, and why."""
    address = billing.payer(account.organization_id).address.strip()
    refused = _refused(account.organization_id, [person.email for person in asked.values()])
    own = saved.own_values(account)
    sender = people.organization_settings(account.organization_id).sender_name
    told: dict[UUID, tuple[Outcome, str]] = {}
    for run_id, person in asked.items():
        title = worded(step, step.title, person, own)
        body = worded(step, step.body, person, own)
        if not person.email:
            why = "This person has no e-mail address."
        elif _key(person.email) in refused:
            why = "This person turned off e-mail from plans."
        elif not address:
            why = "The brokerage has no postal address yet. Enter it with the billing details."
        elif title is None or body is None:
            why = "A merge field of the e-mail has no value for this person."
        elif not _post(account, run_id, person, title, body, sender=sender, address=address):
            why = "The e-mail address can't be written to."
        else:
            told[run_id] = Outcome.MAILED, title
            continue
        told[run_id] = Outcome.NOT_MAILED, why
    return told


def worded(step: Step, template: str, person: ContactRef, own: Mapping[str, str]) -> str | None:
    """Return a step's words for one person; None where a value is missing and has to be there."""
    fallbacks = _FALLBACKS if step.missing == "fallback" else {}
    merged = merge(template, {**person.merge_values(), **own}, fallbacks=fallbacks)
    return None if merged.missing else merged.body


def link_of(organization_id: UUID, email: str) -> str:
    """Return the address that turns plans' mail off for one reader, without signing in."""
    return mail.address(f"/plan-mail/{_signer().dumps([organization_id.hex, _key(email)])}")


def reader_of_link(token: str) -> tuple[UUID, str]:
    """Return whose organization's mail a link turns off for which address. Raises NotFound."""
    try:
        organization_hex, email = _signer().loads(token)
        organization_id = UUID(organization_hex)
    except (BadSignature, ValueError, TypeError):
        raise NotFound("This link turns nothing off. It may have been copied in part.") from None
    if people.organization(organization_id) is None:
        raise NotFound("This link turns nothing off any more.")
    return organization_id, email


def refuse(organization_id: UUID, email: str, *, actor: Actor) -> None:
    """Send no more mail of plans to an address; again changes nothing."""
    insert = (sqlite if is_sqlite() else postgresql).insert(DripMailRefusal)
    new = db.session.scalar(
        insert.values(
            organization_id=organization_id, email_key=_key(email), refused_at=clock.utcnow()
        )
        .on_conflict_do_nothing()
        .returning(DripMailRefusal.email_key)
    )
    if new is not None:
        audit.record("drips:mail:refuse", actor=actor, organization_id=organization_id)


def _post(
    account: AccountRef,
    run_id: UUID,
    person: ContactRef,
    title: str,
    body: str,
    *,
    sender: str,
    address: str,
) -> bool:
    off_url = link_of(account.organization_id, person.email)
    return mail.offer(
        Outgoing(
            to=person.email,
            template="plan",
            subject=mail_rules.one_line(title),
            key=f"plan:{run_id}",
            context={
                "paragraphs": [part for part in body.split("\n") if part.strip()],
                "sender": sender,
                "address": address,
                "off_url": off_url,
            },
            organization_id=account.organization_id,
            zone=account.timezone,
            unsubscribe_url=off_url,
        )
    )


def _refused(organization_id: UUID, emails: Sequence[str]) -> set[str]:
    r = DripMailRefusal
    keys = {_key(email) for email in emails if email}
    return set(
        db.session.scalars(
            select(r.email_key).where(owned(Tenant(organization_id), r), r.email_key.in_(keys))
        )
    )


def _key(email: str) -> str:
    return email.strip().casefold()


def _signer() -> URLSafeSerializer:
    """Sign with the key all processes share: such a link opens nothing, and only turns off."""
    return URLSafeSerializer(settings().secret_key, salt=_SALT)
