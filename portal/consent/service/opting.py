"""Opting out and in again (Q-1, Q-2, Q-7). Cancelling queued texts is for the slice above."""

from datetime import datetime
from uuid import UUID

from portal.consent.errors import ConsentRefused, EvidenceNeeded, GivenLater
from portal.consent.rules import (
    ended,
    is_opted_out,
    restored_by_opt_in,
    with_opt_out,
    with_opt_out_now,
)
from portal.consent.service.keeping import Book, entry, keep_one, known, usable
from portal.consent.service.recording import (
    after,
    check_statement,
    checked,
    entry_of,
    is_to_come,
)
from portal.consent.values import (
    OPT_OUT_METHODS,
    Event,
    Evidence,
    Method,
    NewConsent,
    Strength,
)
from portal.core.access import Role
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.errors import NotAllowed
from portal.core.tenancy import Tenant


def opt_out(
    tenant: Tenant,
    e164: str,
    *,
    at: datetime,
    source: str,
    actor: Actor,
    details: str = "",
    reference: str = "",
    is_last: bool = False,
) -> bool:
    """Opt a number out of the account, and of the organization's marketing; say if that is new.

    `source` is a Method such as "keyword" or "carrier"; `reference` (a SID) makes a repeat of
    the same text do nothing. A STOP older than the person's own later START opts nobody out,
    unless it `is_last`: nobody knows when it was said, so it came after all that stands.
    """
    e164 = usable(e164)
    book = Book(tenant, [e164])
    state = book[e164]
    key = f"opt-out:{reference}" if reference else ""
    if known(tenant, key) is not None:
        return False
    method = method_named(source)
    now = utcnow()
    consent = NewConsent(e164, method, given_at=min(at, now), method_details=details)
    record = entry(
        tenant,
        consent,
        Event.OPTED_OUT,
        Strength.NONE,
        at=now,
        actor=actor,
        is_staff_entry=method in OPT_OUT_METHODS,
    )
    stop = with_opt_out_now if is_last else with_opt_out
    later = stop(state, record.happened_at)
    keep_one(record, book, later, key=key, actor=actor)
    return is_opted_out(later) and not is_opted_out(state)


def opt_in(
    tenant: Tenant,
    e164: str,
    *,
    at: datetime,
    source: str,
    actor: Actor,
    provider_at: datetime | None = None,
    details: str = "",
    reference: str = "",
) -> bool:
    """Let the person's own START restore what stood before (Q-1); say if they are back in.

    A START no newer than the latest STOP is kept in the history and opens nothing (I3).
    """
    e164 = usable(e164)
    book = Book(tenant, [e164])
    state = book[e164]
    key = f"opt-in:{reference}" if reference else ""
    if known(tenant, key) is not None:
        return False
    acted_at = min(provider_at or at, utcnow())
    consent = NewConsent(e164, method_named(source), given_at=acted_at, method_details=details)
    record = entry(tenant, consent, Event.OPTED_IN, Strength.NONE, at=utcnow(), actor=actor)
    later = restored_by_opt_in(state, acted_at, record.id, utcnow())
    keep_one(record, book, later, key=key, actor=actor)
    return is_opted_out(state) and not is_opted_out(later)


def enter_opt_out(
    tenant: Tenant,
    e164: str,
    *,
    method: Method,
    details: str,
    actor: Actor,
    said_at: datetime | None = None,
    evidence: Evidence | None = None,
) -> bool:
    """Enter an opt-out the person spoke or wrote to somebody (Q-7); it holds from now on.

    `said_at` is when it was received: the 10 business days run from there, whatever day it is
    entered. A START of the person's own between the two does not undo what somebody heard them say.
    Returns whether the number is newly opted out. Raises GivenLater for a time to come; what
    another clock calls so, by five minutes at most, was said now.
    """
    e164, now = usable(e164), utcnow()
    said_at = now if said_at is None else said_at
    if is_to_come(said_at, now):
        raise GivenLater("The opt-out can't lie in the future. Correct its date and time.")
    book = Book(tenant, [e164])
    state = book[e164]
    consent = NewConsent(
        e164, method, given_at=min(said_at, now), method_details=details, evidence=evidence
    )
    record = entry(
        tenant, consent, Event.OPTED_OUT, Strength.NONE, at=now, actor=actor, is_staff_entry=True
    )
    later = with_opt_out_now(state, now)
    keep_one(record, book, later, key="", actor=actor)
    return not is_opted_out(state)


def enter_consent(tenant: Tenant, consent: NewConsent, *, role: Role, actor: Actor) -> UUID:
    """Enter by hand that a person agreed (C-2); return its record.

    After an opt-out that takes an officer, and evidence of an agreement newer than it (Q-2):
    raises NotAllowed or EvidenceNeeded. Raises ConsentRefused for a source that gives nothing.
    """
    consent = checked(consent, utcnow())
    book = Book(tenant, [consent.e164])
    if (earlier := known(tenant, consent.idempotency_key)) is not None:
        return earlier
    state = book[consent.e164]
    if consent.method is Method.AGENT_STATED:
        check_statement(consent, state)
    if is_opted_out(state):
        _check_officer(consent, role, state.stopped_at)
    record = entry_of(tenant, consent, actor=actor, is_staff_entry=True)
    if record.event is Event.NOT_VALID:
        raise ConsentRefused("Consent can't be bought or lent, and an unticked box is none.")
    later = after(state, record, is_confirmed=is_opted_out(state))
    return keep_one(record, book, later, key=consent.idempotency_key, actor=actor)


def end_consent(tenant: Tenant, e164: str, *, reason: str, actor: Actor) -> UUID | None:
    """End the consent that stands: the number changed hands, or it was recorded in error."""
    e164 = usable(e164)
    book = Book(tenant, [e164])
    state = book[e164]
    if state.strength is Strength.NONE:
        return None
    consent = NewConsent(e164, Method.STAFF, given_at=utcnow(), method_details=reason)
    record = entry(
        tenant, consent, Event.ENDED, Strength.NONE, at=utcnow(), actor=actor, is_staff_entry=True
    )
    return keep_one(record, book, ended(state), key="", actor=actor)


def method_named(source: str) -> Method:
    """Return the way a source names; one that names none is an entry by staff."""
    try:
        return Method(source)
    except ValueError:
        return Method.STAFF


def _check_officer(consent: NewConsent, role: Role, stopped_at: datetime | None) -> None:
    if role is not Role.COMPLIANCE_OFFICER:
        raise NotAllowed(
            "This person opted out. They can opt in again themselves, with START or your opt-in "
            "form; only a compliance officer may enter it for them, with evidence."
        )
    if consent.evidence is None:
        raise EvidenceNeeded(
            "This person opted out. Attach the evidence of their new agreement: the signed paper, "
            "their letter or e-mail."
        )
    if consent.given_at is None or (stopped_at is not None and consent.given_at <= stopped_at):
        raise EvidenceNeeded(
            "The new agreement must be later than the opt-out. Give the date and time at which "
            "the person agreed again."
        )
