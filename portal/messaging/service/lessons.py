"""What error codes teach beyond their own text: about a number, or about a whole account.

The same is learned whether a code came as an answer, in a callback or on the carrier's list
(I10). What a lesson changes is locked before any text (RULINGS 6).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.consent.values import Method
from portal.contacts import service as contacts
from portal.core.audit import Actor
from portal.core.tenancy import Tenant
from portal.messaging.queries.errors import error_meaning
from portal.messaging.service import happenings, optouts, trouble
from portal.texting_accounts import service as account_service

OPTED_OUT: Final = 21610
CARRIER: Final = Actor(None, "the carrier", "carrier")
# Permanent, and about the number rather than the text or the account (facts 2.3).
UNREACHABLE_CODES: Final = frozenset({21211, 21217, 21612, 21614, 21635, 30005, 30006})


@dataclass(frozen=True, slots=True)
class Lesson:
    """One error code and whom it may be about."""

    tenant: Tenant
    e164: str
    code: int | None
    stops_account: bool = False  # the carrier's refusal itself says so
    # When its text was submitted, or the carrier made it: what came later is not undone (I10).
    at: datetime | None = field(default=None, compare=False)

    @property
    def is_about_the_number(self) -> bool:
        """Say whether the code teaches something about the number, which must be locked first."""
        return bool(self.e164) and (self.code == OPTED_OUT or self.code in UNREACHABLE_CODES)

    @property
    def is_about_the_account(self) -> bool:
        """Say whether the carrier refuses the account as a whole."""
        return self.stops_account or self.code in trouble.SUSPENDED_CODES


def lock(lessons: Iterable[Lesson]) -> None:
    """Lock what these may change: numbers, accounts, places in plans; texts come after (RULINGS 6)."""
    numbers: dict[UUID, set[str]] = defaultdict(set)
    leaving: dict[UUID, set[str]] = defaultdict(set)
    accounts: set[UUID] = set()
    for one in lessons:
        organization_id, account_id = one.tenant.organization_id, one.tenant.account_id
        if one.is_about_the_account and account_id is not None:
            accounts.add(account_id)
        elif one.is_about_the_number:
            numbers[organization_id].add(one.e164)
            if one.code == OPTED_OUT:
                leaving[organization_id].add(one.e164)
    for organization_id in sorted(numbers):
        contacts.lock_numbers(organization_id, sorted(numbers[organization_id]))
    account_service.lock_rows(accounts)
    for organization_id in sorted(leaving):
        happenings.OPTING_OUT.tell(organization_id, sorted(leaving[organization_id]))


def learn(lessons: Iterable[Lesson], *, source: str) -> None:
    """Draw the conclusions of codes, each once, the newest; they are locked."""
    newest: dict[Lesson, Lesson] = {}
    for one in lessons:
        known = newest.get(one)
        if known is None or one.at is None or (known.at is not None and known.at < one.at):
            newest[one] = one
    for one in newest.values():
        if one.is_about_the_account and one.tenant.account_id is not None:
            trouble.account_refused(one.tenant.account_id, one.code, source)
        elif one.is_about_the_number:
            note_number(one)


def note_number(lesson: Lesson) -> None:
    """Learn from an error code about the number itself; the number is locked (S-10, Q-8)."""
    if lesson.code is None or error_meaning(lesson.code) is None:
        return
    if lesson.code == OPTED_OUT:
        optouts.store_refusal(
            lesson.tenant,
            lesson.e164,
            source=Method.CARRIER.value,
            details="The carrier refused a text: opted out (21610).",
            actor=CARRIER,
            at=lesson.at,
        )
    elif lesson.code in UNREACHABLE_CODES:
        contacts.mark_unreachable(lesson.tenant.organization_id, lesson.e164, lesson.code)
