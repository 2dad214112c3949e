"""The hours of texts that are about to leave: asked again with what is known then (P-3, I16)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property

from portal.compliance import queries as compliance
from portal.contacts import queries as contacts
from portal.messaging.rules import hours
from portal.messaging.rules.hours import Clockwork, Hours
from portal.messaging.service import facts
from portal.messaging.service.claims import Text
from portal.messaging.values import Kind, Timing
from portal.texting_accounts.values import AccountRef


class LeavingHours:
    """What the rules say of some texts of one account now, read once for all of them."""

    def __init__(self, account: AccountRef, messages: Sequence[Text], now: datetime) -> None:
        """Read the organization's rules and the addresses of the people."""
        self._account, self._messages, self._now = account, messages, now
        self.book = compliance.rulebook(account.organization_id)
        self._clockwork = Clockwork(self.book)
        people = {m.contact_id for m in messages if m.contact_id is not None}
        self._states = contacts.states_of(account.tenant, list(people)) if people else {}

    def of(self, message: Text) -> Hours:
        """Return the hours of one text: the rule's, or none where something frees it of them."""
        timing = timing_of(message)
        state = self.state_of(message)
        told = self._clockwork.look(self._now, state=state, e164=message.e164 or "", timing=timing)
        if told.is_open:
            return told
        return hours.freed(told, self._now, self._free_until(message, timing), timing)

    def state_of(self, message: Text) -> str:
        """Return the state of the person's address; empty: not known."""
        return self._states.get(message.contact_id, "") if message.contact_id else ""

    def is_answer(self, message: Text) -> bool:
        """Say whether a text answers one of the person's own, at confirm or by now (S-5, P-3)."""
        if message.is_reply or message.kind is not Kind.ONE_TO_ONE:
            return message.is_reply
        wrote = self._wrote_at.get(message.e164 or "")
        return wrote is not None and self._now - wrote < hours.ANSWERS_FOR

    def _free_until(self, message: Text, timing: Timing) -> datetime | None:
        if timing is Timing.ANSWER:
            return message.created_at + hours.ANSWERS_FOR
        if timing is Timing.INSISTED:
            return message.created_at + hours.INSISTS_FOR
        if message.kind is not Kind.ONE_TO_ONE:
            return None
        wrote = self._wrote_at.get(message.e164 or "")
        return wrote + hours.ANSWERS_FOR if wrote else None

    @cached_property
    def _wrote_at(self) -> dict[str, datetime]:
        """When each person texted last; asked only where a window is shut or a cap reached."""
        e164s = [m.e164 for m in self._messages if m.kind is Kind.ONE_TO_ONE and m.e164]
        return facts.wrote_at(self._account, e164s)


def timing_of(message: Text) -> Timing:
    """Return which rules of hours a text keeps."""
    if message.timing is not None:
        return message.timing
    return Timing.BY_HAND if message.kind is Kind.ONE_TO_ONE else Timing.AUTOMATED


def validity_s(told: Hours, now: datetime, most: int, *, posts_within: timedelta) -> int:
    """Return how many seconds the carrier may hold a text, so that it never leaves too late."""
    return max(1, min(most, int((told.closes_at - now - posts_within).total_seconds())))
