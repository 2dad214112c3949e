"""Recording that somebody agreed, or is said to have (C-1, C-2, C-7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select

from portal.consent.errors import ConsentRefused, GivenEarlier, GivenLater
from portal.consent.models import ConsentRecord
from portal.consent.rules import (
    Grant,
    State,
    is_opted_out,
    is_own_act,
    strength_of,
    with_consent,
    with_not_valid,
)
from portal.consent.rules.reading import EARLIEST
from portal.consent.rules.state import current_strength
from portal.consent.rules.words import not_valid_reason
from portal.consent.service.keeping import Book, entry, keep_beside, keep_one, known, usable
from portal.consent.values import Event, Method, NewConsent, RecordRef, Strength
from portal.contacts import service as contacts
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned

_THE_PERSON = Actor(None, "recipient")
_FEWEST_WORDS = 2
_PAGE = "text/html"  # a page is no scan of a signed paper (C-8)
_CLOCKS_DIFFER_BY = timedelta(minutes=5)  # of two computers that are right
_ONCE_IN = timedelta(days=1)  # a talk of many texts is one inquiry a day in the history


def record_consent(
    tenant: Tenant, consent: NewConsent, actor: Actor, *, is_staff_entry: bool = False
) -> UUID:
    """Record a consent and what it changes; return its record.

    The same idempotency key records once. A bought or lent source is stored as not valid and
    gives nothing (C-7). After an opt-out anything but the person's own newer act is kept and
    changes nothing (Q-2). Raises MomentRefused or BadInput.
    """
    consent = checked(consent, utcnow())
    book = Book(tenant, [consent.e164])
    if (earlier := known(tenant, consent.idempotency_key)) is not None:
        return earlier
    record = entry_of(tenant, consent, actor=actor, is_staff_entry=is_staff_entry)
    state = after(book[consent.e164], record)
    return keep_one(record, book, state, key=consent.idempotency_key, actor=actor)


def record_asked(tenant: Tenant, consent: NewConsent, actor: Actor) -> UUID:
    """Record that somebody signed this number up and is to confirm it; nothing is allowed by it.

    The same idempotency key records once. Raises BadInput or MomentRefused.
    """
    consent = checked(consent, utcnow())
    contacts.lock_numbers(tenant.organization_id, [consent.e164])
    if (earlier := known(tenant, consent.idempotency_key)) is not None:
        return earlier
    record = entry(tenant, consent, Event.ASKED, Strength.NONE, at=utcnow(), actor=actor)
    return keep_beside(record, key=consent.idempotency_key, actor=actor)


def agent_stated(
    tenant: Tenant,
    e164: str,
    *,
    how: str,
    actor: Actor,
    given_at: datetime | None = None,
    name: str = "",
    idempotency_key: str = "",
) -> UUID:
    """Record what an agent says of how and when the person agreed (C-8): one-to-one texts.

    Raises ConsentRefused where the number came from a bought list, where a statement is not
    enough, where the person opted out, or when `how` says nothing.
    """
    consent = NewConsent(
        usable(e164),
        Method.AGENT_STATED,
        given_at=given_at,
        name=name,
        method_details=how,
        idempotency_key=idempotency_key,
    )
    check_statement(consent, Book(tenant, [consent.e164])[consent.e164])
    return record_consent(tenant, consent, actor, is_staff_entry=True)


def check_statement(consent: NewConsent, state: State) -> None:
    """Raise ConsentRefused where an agent's word is not enough."""
    if len(consent.method_details.split()) < _FEWEST_WORDS:
        raise ConsentRefused(
            "Say how the person agreed, in a few words, such as: asked me at the open house."
        )
    if is_opted_out(state):
        raise ConsentRefused("This person opted out. Only they can opt in again, with START.")
    if state.not_valid_reason and current_strength(state, utcnow()) is Strength.NONE:
        raise ConsentRefused(
            f"{state.not_valid_reason} A statement is not enough here. Record a signed paper with "
            "its scan, or ask them to sign up on your opt-in form."
        )


def record_inquiry(
    tenant: Tenant, e164: str, at: datetime, sid: str, *, actor: Actor = _THE_PERSON
) -> UUID | None:
    """Note that the person wrote: 90 days of one-to-one answers from then on (C-8).

    Returns None, having kept no record, where a stronger consent stands, the person is opted
    out, or the last inquiry was written down within a day; its 90 days still begin anew.
    """
    e164 = usable(e164)
    book = Book(tenant, [e164])
    state = book[e164]
    key = f"inquiry:{sid}"
    stronger = {Strength.EXPRESS, Strength.EXPRESS_WRITTEN}
    if is_opted_out(state) or state.strength in stronger or known(tenant, key) is not None:
        return None
    consent = NewConsent(
        e164,
        Method.INQUIRY,
        given_at=min(at, utcnow()),
        method_details=f"Text {sid}",
    )
    record = entry_of(tenant, consent, actor=actor)
    if state.strength is Strength.INQUIRY and state.record_id is not None:
        written = db.session.scalar(_recorded_at(tenant, state.record_id))
        if written is not None and record.recorded_at - written < _ONCE_IN:
            book[e164] = after(state, record, record_id=state.record_id)
            book.write()
            return None
    return keep_one(record, book, after(state, record), key=key, actor=actor)


def checked(consent: NewConsent, now: datetime) -> NewConsent:
    """Return a consent with its number as E.164 and the moment it was given.

    Raises BadInput, or MomentRefused for a moment at which nobody can have agreed.
    """
    given_at = consent.given_at or (now if is_own_act(consent.method) else None)
    if given_at is not None:
        given_at = moment_checked(given_at, now)
    return replace(consent, e164=usable(consent.e164), given_at=given_at)


def is_to_come(at: datetime, now: datetime) -> bool:
    """Say whether no clock that is right can have shown this moment yet."""
    return at > now + _CLOCKS_DIFFER_BY


def moment_checked(given_at: datetime, now: datetime) -> datetime:
    """Return when a consent was given, as we keep it. Raises GivenLater or GivenEarlier.

    What another clock calls a moment to come, by five minutes at most, was given now: what was
    written is kept beside it.
    """
    if is_to_come(given_at, now):
        raise GivenLater(
            "The consent can't have been given in the future. Correct its date and time."
        )
    if given_at.year < EARLIEST:
        raise GivenEarlier(f"Nobody agreed before {EARLIEST}. Correct the date and time.")
    return min(given_at, now)


def entry_of(
    tenant: Tenant,
    consent: NewConsent,
    *,
    actor: Actor,
    is_imported: bool = False,
    is_staff_entry: bool = False,
    import_id: UUID | None = None,
    batch_id: UUID | None = None,
) -> RecordRef:
    """Return the record of a consent: given, or not valid where nobody could give it so."""
    strength = strength_of(
        consent.method,
        has_disclosure=bool(consent.disclosure_text),
        checkbox=consent.checkbox,
        has_scan=consent.evidence is not None and consent.evidence.media_type != _PAGE,
        is_imported=is_imported,
    )
    return entry(
        tenant,
        consent,
        Event.NOT_VALID if strength is Strength.NONE else Event.GIVEN,
        strength,
        at=utcnow(),
        actor=actor,
        is_imported=is_imported,
        is_staff_entry=is_staff_entry,
        import_id=import_id,
        batch_id=batch_id,
    )


def after(
    state: State,
    record: RecordRef,
    *,
    record_id: UUID | None = None,
    is_confirmed: bool = False,
) -> State:
    """Return what stands once a record of a consent was kept.

    `is_confirmed`: an officer entered it with evidence of the person's own act (Q-2).
    """
    if record.event is Event.NOT_VALID:
        return with_not_valid(state, not_valid_reason(record.method))
    grant = Grant(
        record_id or record.id,
        record.strength,
        record.kinds,
        record.happened_at,
        record.expires_at,
        is_confirmed or is_own_act(record.method, is_imported=record.is_imported),
    )
    return with_consent(state, grant, record.recorded_at)


def _recorded_at(tenant: Tenant, record_id: UUID) -> Select[datetime]:
    return select(ConsentRecord.recorded_at).where(
        owned(tenant, ConsentRecord), ConsentRecord.id == record_id
    )
