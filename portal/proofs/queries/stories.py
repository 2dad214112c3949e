"""Consent records as stories, many at once: one query of each kind for up to 500 of them (G15)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from portal.consent import queries as consent
from portal.consent import rules
from portal.consent.rules.facts import fingerprint, sha256_of_all
from portal.consent.values import MessageKind, RecordRef, Standing
from portal.contacts import queries as contacts
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant
from portal.messaging import queries as messaging
from portal.optin import queries as optin
from portal.people import queries as people
from portal.people.values import OrganizationRef
from portal.proofs.values import LogPlace, Story, Texted
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef


def story(tenant: Tenant, record_id: UUID, now: datetime) -> Story:
    """Return one record with all that belongs to it. Raises NotFound."""
    record = consent.record_or_404(tenant, record_id)
    return stories(tenant, [record], now)[0]


def names_of(tenant: Tenant) -> tuple[OrganizationRef, AccountRef]:
    """Return the organization and account whose proofs these are, or raise NotFound."""
    account = accounts.get_or_404(tenant)
    organization = people.organization(tenant.organization_id)
    if organization is None:
        raise NotFound("We can't find that page.")
    return organization, account


def stories(tenant: Tenant, records: Sequence[RecordRef], now: datetime) -> list[Story]:
    """Return at most 500 records of an account as stories, in their order."""
    organization, account = names_of(tenant)
    e164s = list(dict.fromkeys(record.e164 for record in records))
    standings = consent.standings(tenant, e164s, now)
    known = contacts.by_numbers(tenant, e164s)
    texted = messaging.texts_resting(tenant, e164s)
    placed = places(tenant, records)
    pictured = optin.pictures_of_records(tenant, [record.id for record in records])
    histories: dict[str, list[RecordRef]] = {e164: [] for e164 in e164s}
    for past in consent.history(tenant, e164s):
        histories[past.e164].append(past)
    told = []
    for record in records:
        standing = standings[record.e164]
        contact = known.get(record.e164)
        resting = texted.get((record.e164, record.id))
        told.append(
            Story(
                record=record,
                organization=organization.name,
                account=account.name,
                zone=account.timezone,
                contact_id=contact.id if contact else None,
                contact_name=contact.full_name if contact else "",
                complete=rules.completeness(record),
                standing=standing,
                talk=rules.allows(standing, MessageKind.ONE_TO_ONE, now),
                marketing=rules.allows(standing, MessageKind.MARKETING, now),
                history=tuple(histories[record.e164]),
                texted=Texted(resting.texts, resting.first_at, resting.last_at)
                if resting
                else None,
                place=placed.get(record.id),
                pictures=tuple(pictured.get(record.id, ())),
                read_at=now,
            )
        )
    return told


def places(tenant: Tenant, records: Sequence[RecordRef]) -> dict[UUID, LogPlace]:
    """Return where records stand in the log, each checked against the fingerprint kept there."""
    subjects = list({record.audit_subject_id for record in records})
    entries: dict[UUID, AuditEntry] = {}
    if subjects:
        found = (
            select(AuditEntry)
            .where(
                AuditEntry.chain == tenant.organization_id,
                AuditEntry.subject_id.in_(subjects),
                AuditEntry.event.like("consent:%"),
            )
            .order_by(AuditEntry.position)
        )
        for entry in db.session.scalars(found):
            if entry.subject_id is not None:
                entries.setdefault(entry.subject_id, entry)
    together = consent.logged_together(tenant, subjects)
    placed = {}
    for subject, entry in entries.items():
        covered = together.get(subject, [])
        told = (entry.payload or {}).get("sha256")
        place = LogPlace(
            entry.chain,
            entry.position,
            entry.hash,
            entry.at,
            {record.id.hex: fingerprint(record) for record in covered},
            is_intact=not any(each.redacted_at and _says_who(each) for each in covered)
            and (told is None or told == sha256_of_all(covered)),
        )
        placed.update({record.id: place for record in covered})
    return placed


def best_records(
    tenant: Tenant, e164s: Sequence[str], now: datetime
) -> tuple[dict[str, RecordRef], Mapping[str, Standing]]:
    """Return the record that proves most for each number, with what stands for all of them.

    That is the record texts rest on; where nothing stands any more, the newest consent given.
    """
    standings = consent.standings(tenant, e164s, now)
    resting = {s.record_id for s in standings.values() if s.record_id is not None}
    by_id = consent.records_of(tenant, list(resting))
    best = {record.e164: record for record in by_id.values()}
    others = [e164 for e164 in e164s if e164 not in best]
    for record in consent.history(tenant, others):
        if record.kinds and record.e164 not in best:
            best[record.e164] = record
    return best, standings


def _says_who(record: RecordRef) -> bool:
    """Say whether personal data stands where it was erased: somebody wrote it in."""
    return bool(record.name or record.email or record.postal_address or record.ip_address)
