"""Gathering the proof of opt-in for the numbers a carrier names (A-3, C-6).

The same few statements for each 500 numbers. Records, their place in the log and what they lack
are read as for certificates (`portal.proofs`); only what is done with them differs.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.appeals.rules.proving import Kept, NumberProof, Outcome, Sent, judge
from portal.consent import queries as consent
from portal.consent.values import RecordRef
from portal.core import formats
from portal.core.cells import safe
from portal.core.tenancy import Tenant
from portal.messaging import queries as messaging
from portal.proofs import queries as proofs
from portal.proofs.values import Asked
from portal.texting_accounts import queries as accounts

AT_ONCE: Final = 500
_BOM: Final = "\ufeff"
_HEADINGS: Final = (
    "Number", "As named", "Outcome", "What is missing", "Consent record", "Person", "Method", "Strength",
    "Agreed (UTC)", "Texts", "First text (UTC)", "Last text (UTC)", "The record lacks",
)  # fmt: skip


def gather(tenant: Tenant, asked: Sequence[Asked], now: datetime) -> Iterator[NumberProof]:
    """Give what was found for each number, in their order, 500 at a time.

    What is missing is said in the account's zone.
    """
    zone = accounts.get_or_404(tenant).timezone
    for begin in range(0, len(asked), AT_ONCE):
        yield from _gather(tenant, asked[begin : begin + AT_ONCE], now, zone)


def as_csv(found: Iterable[NumberProof]) -> str:
    """Return what was found as a CSV that spreadsheets open without harm."""
    text = io.StringIO()
    text.write(_BOM)
    lines = csv.writer(text)
    lines.writerow(_HEADINGS)
    for proof in found:
        lines.writerow([safe(cell) for cell in _row(proof)])
    return text.getvalue()


def _row(proof: NumberProof) -> list[str]:
    return [
        proof.e164 or "",
        proof.written,
        proof.outcome_words,
        proof.why,
        str(proof.record_id or ""),
        proof.who,
        proof.how,
        proof.strength,
        _moment(proof.agreed_at),
        str(proof.texts),
        _moment(proof.first_at),
        _moment(proof.last_at),
        "; ".join(proof.missing),
    ]


def _moment(at: datetime | None) -> str:
    return formats.iso(at) if at else ""


def _gather(
    tenant: Tenant, asked: Sequence[Asked], now: datetime, zone: str
) -> Iterator[NumberProof]:
    e164s = [item.e164 for item in asked if item.e164]
    texted = messaging.texts_by_basis(tenant, e164s)
    histories: dict[str, list[RecordRef]] = {e164: [] for e164 in e164s}
    for record in consent.history(tenant, e164s):
        histories[record.e164].append(record)
    kept = _kept(tenant, histories, texted, now)
    for item in asked:
        if item.e164 is None:
            yield NumberProof(item.written, None, Outcome.UNREAD, item.why)
            continue
        sent = [
            Sent(record_id, resting.texts, resting.first_at, resting.last_at)
            for record_id, resting in texted.get(item.e164, {}).items()
        ]
        yield judge(item.written, item.e164, sent, histories[item.e164], kept, zone=zone)


def _kept(
    tenant: Tenant,
    histories: dict[str, list[RecordRef]],
    texted: dict[str, dict[UUID | None, messaging.Resting]],
    now: datetime,
) -> dict[UUID, Kept]:
    """Return the records texts rested on, as they are kept today."""
    rested = {record_id for by_record in texted.values() for record_id in by_record}
    known = [r for history in histories.values() for r in history if r.id in rested]
    found = {}
    for begin in range(0, len(known), AT_ONCE):
        for story in proofs.stories(tenant, known[begin : begin + AT_ONCE], now):
            is_logged = story.place is not None and story.place.is_intact
            found[story.record.id] = Kept(story.record, story.complete.missing, is_logged)
    return found
