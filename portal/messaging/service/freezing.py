"""A planned send as rows: body, cost and numbers are frozen here and never change (I6)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from portal.core.audit import Actor
from portal.messaging.rules.plan import Part, Plan, PlannedText
from portal.messaging.service.outbox import WAITS_FOR_PART
from portal.messaging.values import Draft, Fate, Kind, Priority, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_NAME_LENGTH = 60
_HASHES_KEPT = 1_000  # a text with merge fields differs from person to person


class Freezer:
    """Makes the rows of one confirm."""

    def __init__(
        self,
        account: AccountRef,
        draft: Draft,
        actor: Actor,
        now: datetime,
        *,
        resend_of: Mapping[str, UUID] = MappingProxyType({}),
        ids: Mapping[UUID, UUID] = MappingProxyType({}),
    ) -> None:
        """Take what all rows share.

        `resend_of` names, by number, the text one repeats; `ids`, by contact, what a text is called.
        """
        self.campaign_id = uuid4()
        self._ids = ids
        self._account, self._draft, self._actor, self._now = account, draft, actor, now
        self._resend_of = resend_of
        self._media = [m.stored() for m in draft.media]
        self._no_media: list[dict[str, Any]] = []
        self._hash = lru_cache(maxsize=_HASHES_KEPT)(_sha256)
        self._shared = {
            "organization_id": account.organization_id,
            "account_id": account.id,
            "campaign_id": self.campaign_id,
            "kind": draft.kind,
            "timing": draft.timing if draft.kind is Kind.ONE_TO_ONE else None,
            "priority": (Priority.PERSON if draft.kind is Kind.ONE_TO_ONE else Priority.CAMPAIGN),
            "created_at": now,
            "changed_at": now,
            "day": accounts.today(account, now),
            "created_by": actor.id,
            "created_by_name": actor.label[:200],
        }

    def campaign(self, planned: Plan, nonce: str, intent: str) -> dict[str, Any]:
        """Return the campaign's own row."""
        draft = self._draft
        first_words = " ".join(draft.body.split())[:_NAME_LENGTH]
        return {
            "id": self.campaign_id,
            "organization_id": self._account.organization_id,
            "account_id": self._account.id,
            "nonce": nonce,
            "intent": intent,
            "name": draft.name.strip()[:200] or first_words or "Media",
            "kind": draft.kind,
            "body": draft.body,
            "media": self._media,
            "people": len(planned.texts),
            "credits": planned.credits,
            "scheduled_at": draft.send_at,
            "created_at": self._now,
            "created_by": self._actor.id,
            "created_by_name": self._actor.label[:200],
        }

    def rows(self, planned: Plan) -> Iterator[dict[str, Any]]:
        """Return a row for each part of each text, and one for whoever is blocked (S-11)."""
        for position, text in enumerate(planned.texts, start=1):
            named = self._ids.get(text.contact_id) if text.contact_id else None
            text_id = named or uuid4()
            if text.outcome is Fate.BLOCKED:
                whole = Part(text.body, text.encoding, text.segments, text.credits)
                yield self._row(text, [whole], 0, position=position, text_id=text_id)
                continue
            for place in range(len(text.parts)):
                yield self._row(text, text.parts, place, position=position, text_id=text_id)

    def _row(
        self,
        text: PlannedText,
        parts: Sequence[Part],
        place: int,
        *,
        position: int,
        text_id: UUID,
    ) -> dict[str, Any]:
        part = parts[place]
        is_blocked = text.outcome is Fate.BLOCKED
        waits = place > 0
        gate = text.gate
        is_held = text.outcome is Fate.HELD and not waits
        if waits:
            code: str | None = WAITS_FOR_PART
            sentence: str | None = "It waits for the part before it."
        else:
            code, sentence = (gate.code, gate.sentence) if gate else (None, None)
        return self._shared | {
            "id": uuid4() if waits else text_id,
            "contact_id": text.contact_id,
            "recipient_name": text.name[:200],
            "e164": text.e164,
            "country_code": text.country_code,
            "from_e164": text.from_e164,
            "text_id": text_id,
            "position": position,
            "part": 0 if is_blocked else place + 1,
            "parts": len(parts),
            "body": part.body,
            "body_hash": self._hash(part.body),
            "media": self._media if part.media else self._no_media,
            "encoding": part.encoding,
            "segments": part.segments,
            "credits": part.credits,
            "is_first": text.is_first and not is_blocked and place == len(parts) - 1,
            "resend_of": self._resend_of.get(text.e164) if text.e164 else None,
            "state": State.BLOCKED if is_blocked else _waiting_state(is_held=is_held or waits),
            "reason_code": code,
            "reason": sentence,
            "consent_record_id": text.consent_record_id,
            "is_reply": text.is_reply,
            "hours": text.hours,
            "not_before": text.not_before,
            "held_until": text.not_before if is_held else None,
            "slot_on": None if is_blocked else text.day,
            "draws_on_reserve": text.draws_on_reserve,
            "passed_limit": text.passed_limit or None,
        }


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _waiting_state(*, is_held: bool) -> State:
    return State.HELD if is_held else State.QUEUED
