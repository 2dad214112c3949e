"""Texts as pages show them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from portal.core import clock
from portal.dnc.rules import verdict as call_lists
from portal.messaging.models import InboundText
from portal.messaging.queries import repeats
from portal.messaging.queries.errors import error_meaning
from portal.messaging.queries.repeats import Sent
from portal.messaging.rules.allotment import WENT_OVER
from portal.messaging.rules.gate_facts import CALL_LIST
from portal.messaging.rules.hours import words_of
from portal.messaging.rules.whys import fix_of
from portal.messaging.values import RECEIPT_WITHIN, STATE_LABELS, MediaRef, State, TextView

SENT: Final = (
    "id", "account_id", "e164", "kind", "purpose", "recipient_name", "contact_id", "body", "state",
    "reason_code", "reason", "text_id", "resend_of", "part", "parts", "credits", "segments",
    "created_at", "not_before", "submitted_at", "held_until", "error_code", "created_by_name",
    "media", "campaign_id", "hours", "passed_limit",
)  # fmt: skip
RECEIVED: Final = (
    "id", "e164", "contact_id", "body", "received_at", "credits", "segments", "keyword", "sid", "media",
)  # fmt: skip


def outbounds(found: Sequence[Sent]) -> list[TextView]:
    """Return texts of ours; what was sent again of them is read once for all (S-10)."""
    known = repeats.related(found)
    by_text: dict[UUID, list[Sent]] = defaultdict(list)
    for row in known:
        by_text[row.text_id].append(row)
    resends: dict[UUID, list[Sent]] = defaultdict(list)
    for row in known:
        if row.resend_of is not None:
            resends[row.resend_of].append(row)
    return [
        _outbound(row, parts + [again for part in parts for again in resends[part.id]])
        for row in found
        for parts in [by_text[row.text_id]]
    ]


def _outbound(row: Sent, known: Sequence[Sent]) -> TextView:
    may_send_again = repeats.refusal(row, known) is None
    fix = fix_of(row.reason_code)
    is_scheduled = row.state is State.QUEUED and row.not_before > row.created_at
    lacks_receipt = (
        row.state in (State.ACCEPTED, State.SENT)
        and clock.utcnow() - (row.submitted_at or row.created_at) > RECEIPT_WITHIN
    )
    label = "Scheduled" if is_scheduled else STATE_LABELS[row.state]
    return TextView(
        id=row.id,
        is_inbound=False,
        e164=row.e164,
        name=row.recipient_name,
        contact_id=row.contact_id,
        body=row.body,
        at=row.created_at,
        state=row.state,
        state_label="Sent, no receipt" if lacks_receipt else label,
        kind=row.kind,
        part=max(1, row.part),
        parts=row.parts,
        credits=row.credits,
        segments=row.segments,
        reason_code=row.reason_code,
        reason=row.reason,
        fix_endpoint=fix[0] if fix else None,
        fix_label=fix[1] if fix else None,
        until=row.not_before if is_scheduled else row.held_until,
        error=error_meaning(row.error_code),
        actor=row.created_by_name,
        media=media(row.media),
        campaign_id=row.campaign_id,
        may_send_again=may_send_again,
        is_unconfirmed=may_send_again and repeats.is_doubtful(repeats.run(row, known)),
        lacks_receipt=lacks_receipt,
        hours_rule=words_of(row.hours),
        purpose=row.purpose,
        warning=WENT_OVER.get(row.passed_limit or "", ""),
        exempt_by=call_lists.words_of((row.hours or {}).get(CALL_LIST, {})),
    )


def inbound(row: InboundText | Row[*tuple[Any, ...]], name: str = "") -> TextView:
    """Return one text of a person's."""
    return TextView(
        id=row.id,
        is_inbound=True,
        e164=row.e164,
        name=name or row.e164,
        contact_id=row.contact_id,
        body=row.body,
        at=row.received_at,
        state=None,
        state_label="Received",
        kind=None,
        credits=row.credits,
        segments=row.segments,
        keyword=row.keyword,
        sid=row.sid,
        media=media(row.media),
    )


def media(stored: list[dict[str, Any]]) -> tuple[MediaRef, ...]:
    """Return stored attachments as values."""
    return tuple(MediaRef(**each) for each in stored)
