"""How many numbers of an account, or of all of an organization, stand how (C-1)."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import case, func, select, text

from portal.consent.models import ConsentStanding, StandingCount
from portal.consent.models.records import IN_MOTION
from portal.consent.values import Strength
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant, owned

_OPTED_OUT: Final = "opted_out"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many numbers of an account stand how, for the reports and the list's head."""

    express_written: int = 0
    express: int = 0
    inquiry: int = 0
    not_valid: int = 0
    opted_out: int = 0

    @property
    def numbers(self) -> int:
        """Return how many numbers have any history."""
        return self.express_written + self.express + self.inquiry + self.not_valid + self.opted_out

    @property
    def percent(self) -> int | None:
        """Return how many of a hundred numbers rest on consent; None without numbers."""
        good = self.numbers - self.not_valid - self.opted_out
        return good * 100 // self.numbers if self.numbers else None


def coverage(tenant: Tenant) -> Coverage:
    """Return how many of an account's numbers stand how."""
    assert tenant.account_id is not None
    return coverages(tenant).get(tenant.account_id, Coverage())


def opted_out_since(tenant: Tenant, since: datetime, until: datetime | None = None) -> int:
    """Return how many numbers opted out of an account in that time, each by its latest opt-out.

    `until` itself is left out; without it the time lasts.
    """
    s = ConsentStanding
    people = select(func.count()).where(owned(tenant, s), s.stopped_at >= since)
    if until is not None:
        people = people.where(s.stopped_at < until)
    return db.session.scalar(people) or 0


def coverages(tenant: Tenant) -> dict[UUID, Coverage]:
    """Return for each account that has any record how many of its numbers stand how.

    The running counts tell the strengths; only the few numbers that stopped or whose consent
    ends by itself are looked at one by one, in an index of theirs.
    """
    s, c = ConsentStanding, StandingCount
    counted: dict[UUID, Counter[str]] = defaultdict(Counter)
    for account_id, strength, count in db.session.execute(
        select(c.account_id, c.strength, c.numbers).where(owned(tenant, c), c.numbers > 0)
    ):
        counted[account_id][strength] += count
    is_out = s.stopped_at.is_not(None) & (s.started_at.is_(None) | (s.started_at <= s.stopped_at))
    over = s.expires_at.is_not(None) & (s.expires_at <= utcnow())
    word = case((is_out, _OPTED_OUT), (over, Strength.NONE.value), else_=s.strength)
    for account_id, strength, name, count in db.session.execute(
        select(s.account_id, s.strength, word, func.count())
        .where(owned(tenant, s), text(f"({IN_MOTION})"))
        .group_by(s.account_id, s.strength, word)
    ):
        counted[account_id][strength] -= count
        counted[account_id][name] += count
    return {
        account_id: Coverage(
            express_written=found[Strength.EXPRESS_WRITTEN],
            express=found[Strength.EXPRESS],
            inquiry=found[Strength.INQUIRY],
            not_valid=found[Strength.NONE],
            opted_out=found[_OPTED_OUT],
        )
        for account_id, found in counted.items()
    }
