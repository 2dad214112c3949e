"""Whether numbers stand on a list: one SELECT for up to 500 of them (G4, G17)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy import cast as sql_cast

from portal.compliance.rules.places import us_state
from portal.consent import queries as consent
from portal.consent.values import Standing, Strength
from portal.contacts.values import Mark
from portal.core.among import among
from portal.core.clock import utcnow
from portal.core.columns import Id
from portal.core.db import db
from portal.core.formats import date_words
from portal.core.tenancy import Tenant
from portal.dnc.models import DncArea, DncNumber
from portal.dnc.queries import people
from portal.dnc.rules.days import FRESH_DAYS, is_fresh, is_running
from portal.dnc.rules.verdict import judge, names, still_counts
from portal.dnc.values import KEY_ROOM, NATIONAL, CallFacts, OnList
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

MOST: Final = 500
_US: Final = "+1"
_US_LENGTH: Final = 12
_NUMBER: Final = cast(Table, DncNumber.__table__).c
_AREA: Final = cast(Table, DncArea.__table__).c
_IN_USE: Final = select(_AREA.source, _AREA.area_code, _AREA.load_id, _AREA.as_of).where(
    _AREA.organization_id == bindparam("organization", type_=Id())
)
_FOUND: Final = select(_NUMBER.key).where(among(_NUMBER.key, "keys"))


class Lists:
    """The lists of one organization as they are in use, read once for a plan or a batch."""

    def __init__(self, organization_id: UUID) -> None:
        """Read nothing yet."""
        self._organization_id = organization_id

    @cached_property
    def _areas(self) -> dict[str, list[tuple[str, int, date]]]:
        """Return list, load and day of each area code, once somebody asks; one SELECT."""
        found: dict[str, list[tuple[str, int, date]]] = {}
        rows = db.session.execute(_IN_USE, {"organization": self._organization_id})
        for source, area_code, load_id, as_of in rows:
            found.setdefault(area_code, []).append((source, load_id, as_of))
        return found

    def listed(self, e164s: Iterable[str]) -> dict[str, tuple[OnList, ...]]:
        """Return the lists each of at most 500 numbers stands on; others are left out."""
        keys: dict[int, tuple[str, OnList]] = {}
        for e164 in e164s:
            if not e164.startswith(_US) or len(e164) != _US_LENGTH:
                continue
            for source, load_id, as_of in self._areas.get(e164[2:5], ()):
                keys[load_id * KEY_ROOM + int(e164[2:])] = e164, OnList(source, as_of)
        if not keys:
            return {}
        found: dict[str, tuple[OnList, ...]] = {}
        for key in db.session.scalars(_FOUND, {"keys": list(keys)}):
            e164, on = keys[key]
            found[e164] = (*found.get(e164, ()), on)
        return found

    def facts(
        self, account: AccountRef, standings: Mapping[str, Standing], now: datetime
    ) -> dict[str, CallFacts]:
        """Return what is known of at most 500 numbers on the account's day.

        One SELECT for the lists, and two more only where a number is listed or rests on an
        inquiry that no list covers.
        """
        day, zone = accounts.today(account, now), ZoneInfo(account.timezone)
        listed = self.listed(standings)
        unread = {e164: self._unread(e164, day) for e164 in standings if us_state(e164[2:5])}
        asked = [
            e164
            for e164, standing in standings.items()
            if e164 in listed
            or (standing.strength is Strength.INQUIRY and unread.get(e164, (False,))[0])
        ]
        if not asked:
            return {
                e164: CallFacts(is_unread=is_unread, stale_of=stale_of)
                for e164, (is_unread, stale_of) in unread.items()
            }
        exemptions = people.exemptions(self._organization_id, asked)
        checks = people.checks(self._organization_id, asked, day - timedelta(days=FRESH_DAYS))
        found = {}
        for e164, standing in standings.items():
            is_unread, stale_of = unread.get(e164, (False, None))
            refused = standing.refused_at
            refused_on = refused.astimezone(zone).date() if refused else None
            running = tuple(
                one
                for one in exemptions.get(e164, ())
                if is_running(one.relation, one.happened_on, day) and still_counts(one, refused_on)
            )
            looked = [one for one in checks.get(e164, ()) if one.checked_on <= day]
            found[e164] = CallFacts(
                listed.get(e164, ()), is_unread, stale_of, running, looked[0] if looked else None
            )
        return found

    def _unread(self, e164: str, day: date) -> tuple[bool, date | None]:
        """Say whether a list is missing or too old for a number, and the day of one too old."""
        if not e164.startswith(_US):
            return False, None
        there = self._areas.get(e164[2:5], ())
        stale = [as_of for _, _, as_of in there if not is_fresh(as_of, day)]
        has_national = any(source == NATIONAL for source, _, _ in there)
        return bool(stale) or not has_national, min(stale, default=None)

    def is_empty(self) -> bool:
        """Say whether no list is in use."""
        return not self._areas


def read_lists(organization_id: UUID) -> Lists:
    """Return the lists of an organization, read when they are first asked."""
    return Lists(organization_id)


def is_listed(organization_id: ColumnElement[Any], e164: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a number of an organization stands on a list in use (K-4)."""
    digits = func.substr(e164, len(_US) + 1)
    return and_(
        e164 >= _US,
        e164 < "+2",
        exists().where(
            _AREA.organization_id == organization_id,
            _AREA.area_code == func.substr(digits, 1, 3),
            # Said to be large: as a number of the id's own kind PostgreSQL would refuse it.
            _NUMBER.key
            == _AREA.load_id * literal(KEY_ROOM, BigInteger) + sql_cast(digits, BigInteger),
        ),
    )


def is_written(standing: Standing | None) -> bool:
    """Say whether a person agreed in writing, which exempts from every list (S-2)."""
    return (
        standing is not None
        and standing.strength is Strength.EXPRESS_WRITTEN
        and standing.record_id is not None
    )


def contact_marks(tenant: Tenant, e164s: Sequence[str]) -> dict[str, list[Mark]]:
    """Return the mark of each number that stands on a list, and why or why not it counts (K-3)."""
    assert tenant.account_id is not None
    lists = Lists(tenant.organization_id)
    account = None if lists.is_empty() else accounts.account(tenant.account_id)
    if account is None:
        return {}
    now = utcnow()
    found: dict[str, list[Mark]] = {}
    for start in range(0, len(e164s), MOST):
        listed = lists.listed(e164s[start : start + MOST])
        if not listed:
            continue
        standings = consent.standings(tenant, listed, now)
        for e164, facts in lists.facts(account, standings, now).items():
            found[e164] = [_mark(facts, standings[e164])] if facts.listed else []
    return found


def listed_notes(tenant: Tenant, e164s: Sequence[str]) -> dict[str, str]:
    """Return for each listed number what an import of contacts says of it (S-2: scrub on import)."""
    return {e164: marks[0].why for e164, marks in contact_marks(tenant, e164s).items() if marks}


def _mark(facts: CallFacts, standing: Standing) -> Mark:
    agreed = is_written(standing)
    refusal = judge(facts, is_written=agreed, rests_on_inquiry=False)
    if refusal is not None:
        return Mark(refusal.code, "phoneoff", "Do-not-call list", refusal.sentence, "bad")
    why = f"On {names(facts.listed)}, but exempt: "
    if agreed:
        why += "they agreed in writing."
    else:
        why += (
            f"there is a business relationship, until {date_words(facts.exemptions[0].last_day)}."
        )
    return Mark("dnc_exempt", "phoneoff", "Exempt from do-not-call", why, "quiet")
