"""Writing records and what stands: the inside of every verb of consent.

The phone number is locked first (RULINGS 6), then standings are read, records and standings
written in one transaction, and the chain's entry comes last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import case, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.consent.models import (
    ConsentRecord,
    ConsentStanding,
    ConsentWord,
    OrganizationOptOut,
)
from portal.consent.rules import INQUIRY_LASTS, State, is_opted_out, kinds_of
from portal.consent.rules.facts import facts_of, sha256_of, sha256_of_all
from portal.consent.service import carrier, counting
from portal.consent.service.rows import record_row, word_rows
from portal.consent.values import (
    Event,
    MessageKind,
    NewConsent,
    Reach,
    RecordRef,
    Strength,
)
from portal.contacts import service as contacts
from portal.contacts.rules.numbers import read
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.tenancy import Tenant, owned
from portal.integrations import service as integrations
from portal.integrations.values import Event as IntegrationEvent
from portal.texting_accounts import queries as accounts

_EVENTS = {
    Event.GIVEN: "consent:consent:record",
    Event.ASKED: "consent:consent:ask",
    Event.NOT_VALID: "consent:consent:refuse",
    Event.ENDED: "consent:consent:end",
    Event.OPTED_OUT: "consent:opt-out:record",
    Event.OPTED_IN: "consent:opt-in:record",
}


class Book:
    """What stands for some numbers of one account, locked for this transaction."""

    def __init__(self, tenant: Tenant, e164s: Sequence[str], *, is_dry: bool = False) -> None:
        """Lock the numbers, unless nothing will be written, and read what stands."""
        assert tenant.account_id is not None
        self.tenant = tenant
        if not is_dry:
            contacts.lock_numbers(tenant.organization_id, e164s)
        wanted = list(dict.fromkeys(e164s))
        self._rows = {
            row.e164: row
            for row in db.session.scalars(
                select(ConsentStanding)
                .where(owned(tenant, ConsentStanding), ConsentStanding.e164.in_(wanted))
                .execution_options(populate_existing=True)
            )
        }
        self._states = {e164: _state_of(row) for e164, row in self._rows.items()}
        self._before = dict(self._states)
        self._changed: set[str] = set()

    def __getitem__(self, e164: str) -> State:
        return self._states.get(e164, State())

    def __setitem__(self, e164: str, state: State) -> None:
        if state != self[e164] or e164 not in self._rows:
            self._changed.add(e164)
        self._states[e164] = state

    def write(self) -> None:
        """Write what changed, and what the carrier is to be told of it (Q-8).

        The records it rests on must be there already.
        """
        now = utcnow()
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for e164 in sorted(self._changed):
            row = _row_of(self.tenant, e164, self[e164], now)
            (old if e164 in self._rows else new).append(row)
        if new:
            db.session.execute(insert(ConsentStanding), new)
        if old:
            db.session.execute(update(ConsentStanding), old)
        counting.count_turned(
            self.tenant,
            ((self._before[e].strength if e in self._before else None, self[e].strength)
             for e in self._changed),
        )  # fmt: skip
        carrier.note(self.tenant, self._turned())
        self._before = dict(self._states)
        self._changed.clear()

    def _turned(self) -> dict[str, tuple[bool, datetime]]:
        """Return who opted out or in again since the last writing, and when they did."""
        turned = {}
        for e164 in self._changed:
            state = self[e164]
            is_out = is_opted_out(state)
            if is_out != is_opted_out(self._before.get(e164, State())):
                acts = (state.stopped_at,) if is_out else (state.started_at, state.own_act_at)
                turned[e164] = is_out, max((at for at in acts if at), default=utcnow())
        return turned


def usable(e164: str) -> str:
    """Return a number as E.164. Raises BadInput for what is none: it has no lock row."""
    number = read(e164)
    if number.e164 is None:
        raise BadInput(f"{number.why} Enter the number with its area code: (312) 555-0142.")
    return number.e164


def entry(
    tenant: Tenant,
    consent: NewConsent,
    event: Event,
    strength: Strength,
    *,
    at: datetime,
    actor: Actor,
    is_imported: bool = False,
    is_staff_entry: bool = False,
    import_id: UUID | None = None,
    batch_id: UUID | None = None,
) -> RecordRef:
    """Return a record ready to be kept; `at` is the server's time, never the claimed one."""
    assert tenant.account_id is not None
    id_ = uuid4()
    kinds: tuple[MessageKind, ...] = ()
    if event is Event.GIVEN:
        kinds = kinds_of(strength, consent.kinds)
    elif event is Event.ASKED:
        kinds = consent.kinds or ()  # what a YES would allow
    expires_at = None
    if strength is Strength.INQUIRY:
        expires_at = (consent.given_at or at) + INQUIRY_LASTS
    record = RecordRef(
        id=id_,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        e164=consent.e164,
        event=event,
        method=consent.method,
        strength=strength,
        kinds=kinds,
        is_imported=is_imported,
        is_staff_entry=is_staff_entry,
        name=consent.name[:200],
        email=consent.email[:254].lower(),
        postal_address=consent.postal_address[:500],
        given_at=consent.given_at,
        given_zone=consent.given_zone[:60],
        given_as_written=consent.given_as_written[:60],
        recorded_at=at,
        expires_at=expires_at,
        ip_address=consent.ip_address[:45],
        method_details=consent.method_details[:1000],
        source_url=consent.source_url[:2000],
        disclosure_text=consent.disclosure_text,
        checkbox=consent.checkbox,
        form_name=consent.form_name[:200],
        form_version=consent.form_version[:40],
        user_agent=consent.user_agent[:500],
        collected_by=actor.label[:200],
        evidence=consent.evidence,
        import_id=import_id,
        audit_subject_id=batch_id or id_,
        sha256="",
    )
    return replace(record, sha256=sha256_of(facts_of(record)))


def keep(records: Iterable[tuple[RecordRef, str | None]], actor: Actor) -> None:
    """Insert records, each with its idempotency key or None."""
    kept = list(records)
    if not kept:
        return
    whose = {id_: accounts.account(id_) for id_ in {record.account_id for record, _ in kept}}
    rows = []
    for record, key in kept:
        account = whose[record.account_id]
        assert account is not None
        day = accounts.today(account, record.recorded_at)
        rows.append({**record_row(record, key, actor), "day": day})
    db.session.execute(insert(ConsentRecord), rows)
    counting.count_kept(rows)
    words = [row for record, _ in kept for row in word_rows(record)]
    if words:
        db.session.execute(insert(ConsentWord), words)


def keep_one(record: RecordRef, book: Book, state: State, *, key: str, actor: Actor) -> UUID:
    """Keep one record with what stands after it, and write its entry in the chain."""
    keep([(record, key or None)], actor)
    was_out = is_opted_out(book[record.e164])
    is_news = is_opted_out(state) and not was_out
    book[record.e164] = state
    book.write()
    if record.event is Event.OPTED_OUT:
        bind_organization(record)
        if is_news:
            tell_of_opt_outs([record])
    elif _is_told(record, is_back=was_out and not is_opted_out(state)):
        _tell_of_consent(record)
    _log(record, actor)
    return record.id


def keep_beside(record: RecordRef, *, key: str, actor: Actor) -> UUID:
    """Keep one record that changes nothing of what stands, and write its entry in the chain."""
    keep([(record, key or None)], actor)
    _log(record, actor)
    return record.id


def _log(record: RecordRef, actor: Actor) -> None:
    audit.record(
        _EVENTS[record.event],
        actor=actor,
        organization_id=record.organization_id,
        account_id=record.account_id,
        subject_id=record.audit_subject_id,
        phone=record.e164,
        method=record.method.value,
        strength=record.strength.value if record.event is Event.GIVEN else None,
        details=record.method_details[:200],
        sha256=sha256_of_all([record]),
    )


def _is_told(record: RecordRef, *, is_back: bool) -> bool:
    """Say whether webhooks hear of a record: an inquiry comes as the text it is."""
    if record.event is Event.OPTED_IN:
        return is_back
    is_inquiry = record.strength is Strength.INQUIRY
    return record.event is Event.ENDED or (record.event is Event.GIVEN and not is_inquiry)


def _tell_of_consent(record: RecordRef) -> None:
    """Have the account's webhooks told that consent was given, came back or ended."""
    integrations.tell(
        Tenant(record.organization_id, record.account_id),
        IntegrationEvent.CONSENT,
        {
            "account_id": str(record.account_id),
            "record_id": str(record.id),
            "number": record.e164,
            "event": record.event.value,
            "method": record.method.value,
            "strength": record.strength.value,
            "kinds": [kind.value for kind in record.kinds],
            "form_name": record.form_name,
            "form_version": record.form_version,
            "happened_at": integrations.written(record.happened_at),
            "recorded_at": integrations.written(record.recorded_at),
        },
    )


def tell_of_opt_outs(records: Sequence[RecordRef]) -> None:
    """Have an account's webhooks told of opt-outs, whatever way they came, each by itself."""
    if not records:
        return
    integrations.tell_all(
        Tenant(records[0].organization_id, records[0].account_id),
        IntegrationEvent.OPT_OUT,
        [
            {
                "account_id": str(record.account_id),
                "record_id": str(record.id),
                "number": record.e164,
                "method": record.method.value,
                "opted_out_at": integrations.written(record.happened_at),
                "binds_organization": True,
            }
            for record in records
        ],
    )


def known(tenant: Tenant, key: str) -> UUID | None:
    """Return the record an idempotency key was used for, if it was."""
    if not key:
        return None
    return db.session.scalar(
        select(ConsentRecord.id).where(
            owned(tenant, ConsentRecord), ConsentRecord.idempotency_key == key
        )
    )


def kept_keys(tenant: Tenant, keys: Sequence[str]) -> set[str]:
    """Return which of these idempotency keys were used."""
    if not keys:
        return set()
    found = select(ConsentRecord.idempotency_key).where(
        owned(tenant, ConsentRecord), ConsentRecord.idempotency_key.in_(keys)
    )
    return {key for key in db.session.scalars(found) if key}


def bind_organization(record: RecordRef) -> None:
    """Keep the newest opt-out of a number in the whole organization (Q-7)."""
    insert_ = (sqlite if is_sqlite() else postgresql).insert(OrganizationOptOut)
    new = insert_.values(
        organization_id=record.organization_id,
        e164=record.e164,
        opted_out_at=record.happened_at,
        from_account_id=record.account_id,
        record_id=record.id,
    )
    db.session.execute(
        new.on_conflict_do_update(
            index_elements=["organization_id", "e164"],
            set_={
                "opted_out_at": new.excluded.opted_out_at,
                "from_account_id": new.excluded.from_account_id,
                "record_id": new.excluded.record_id,
                # A new request undoes what an officer narrowed; what was widened stays wide.
                "reach": case(
                    (OrganizationOptOut.reach == Reach.ACCOUNT, Reach.MARKETING.value),
                    else_=OrganizationOptOut.reach,
                ),
            },
            where=OrganizationOptOut.opted_out_at < new.excluded.opted_out_at,
        )
    )


def _state_of(row: ConsentStanding) -> State:
    return State(
        strength=row.strength,
        kinds=tuple(MessageKind(kind) for kind in row.kinds),
        record_id=row.record_id,
        given_at=row.given_at,
        expires_at=row.expires_at,
        stopped_at=row.stopped_at,
        started_at=row.started_at,
        own_act_at=row.own_act_at,
        not_valid_reason=row.not_valid_reason,
    )


def _row_of(tenant: Tenant, e164: str, state: State, now: datetime) -> dict[str, Any]:
    return {
        "organization_id": tenant.organization_id,
        "account_id": tenant.account_id,
        "e164": e164,
        "strength": state.strength,
        "kinds": [kind.value for kind in state.kinds],
        "record_id": state.record_id,
        "given_at": state.given_at,
        "expires_at": state.expires_at,
        "stopped_at": state.stopped_at,
        "started_at": state.started_at,
        "own_act_at": state.own_act_at,
        "not_valid_reason": state.not_valid_reason,
        "updated_at": now,
    }
