"""Opt-outs of an account's old tool: imported in batches, or said to be none (Q-7)."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.dialects import postgresql, sqlite

from portal.consent import queries
from portal.consent.models import OldOptOutAnswer
from portal.consent.rules import is_opted_out, with_opt_out
from portal.consent.rules.facts import sha256_of_all
from portal.consent.service.keeping import (
    Book,
    bind_organization,
    entry,
    keep,
    kept_keys,
    tell_of_opt_outs,
)
from portal.consent.values import Event, NewConsent, OldOptOuts, RecordRef, Strength
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.tenancy import Tenant


def opt_out_many(
    tenant: Tenant, consents: Sequence[NewConsent], *, import_id: UUID | None, actor: Actor
) -> dict[str, bool]:
    """Keep a batch of listed opt-outs; say by key which were kept now, and not before.

    Webhooks are told of each number that is out by it and was not before. Each needs its
    idempotency key; what was no file has no import. One entry of the chain stands for the batch (RULINGS 8).
    """
    now, batch_id = utcnow(), uuid4()
    known = kept_keys(tenant, [c.idempotency_key for c in consents])
    fresh = {c.idempotency_key: c for c in consents if c.idempotency_key not in known}
    book = Book(tenant, sorted({c.e164 for c in fresh.values()}))
    records: list[tuple[RecordRef, str | None]] = []
    news: dict[str, RecordRef] = {}  # by number, what put it out
    for key, consent in fresh.items():
        record = entry(
            tenant,
            consent,
            Event.OPTED_OUT,
            Strength.NONE,
            at=now,
            actor=actor,
            is_imported=True,
            is_staff_entry=True,
            import_id=import_id,
            batch_id=batch_id,
        )
        records.append((record, key))
        was_out = is_opted_out(book[consent.e164])
        book[consent.e164] = with_opt_out(book[consent.e164], record.happened_at)
        if is_opted_out(book[consent.e164]) and not was_out:
            news[consent.e164] = record
    if records:
        kept = [record for record, _ in records]
        keep(records, actor)
        book.write()
        for record in kept:
            bind_organization(record)
        tell_of_opt_outs(list(news.values()))
        audit.record(
            "consent:opt-outs:import",
            actor=actor,
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            subject_id=batch_id,
            import_id=str(import_id) if import_id else None,
            records=len(kept),
            opted_out=sum(is_opted_out(book[e164]) for e164 in {r.e164 for r in kept}),
            sha256=sha256_of_all(kept),
        )
    return {c.idempotency_key: c.idempotency_key in fresh for c in consents}


def answer_old_opt_outs(tenant: Tenant, answer: OldOptOuts, *, note: str, actor: Actor) -> None:
    """Write down that the old tool's opt-outs were imported, or that there are none.

    Raises BadInput for a "none" without a word on how that is known. What was imported once
    stays imported.
    """
    if answer is OldOptOuts.NONE and len(note.split()) < 2:
        raise BadInput(
            "Say in a few words how you know: which tool it was, or that there was none."
        )
    earlier = queries.old_opt_outs(tenant)
    if earlier is not None and (earlier.answer is answer or earlier.answer is OldOptOuts.IMPORTED):
        return
    insert = (sqlite if is_sqlite() else postgresql).insert(OldOptOutAnswer)
    new = insert.values(
        account_id=tenant.account_id,
        organization_id=tenant.organization_id,
        answer=answer,
        note=note.strip()[:300],
        said_at=utcnow(),
        said_by_id=actor.id,
        said_by=actor.label[:200],
    )
    db.session.execute(
        new.on_conflict_do_update(
            index_elements=["account_id"],
            set_={
                name: new.excluded[name]
                for name in ("answer", "note", "said_at", "said_by_id", "said_by")
            },
        )
    )
    audit.record(
        "consent:old-opt-outs:answer",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=tenant.account_id,
        answer=answer.value,
        note=note.strip()[:300],
    )
