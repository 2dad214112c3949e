"""When a text may go, by the recipient's state and time zones (SPEC P-3, 14; RULINGS 4).

Automated texts keep the hours, Sundays and holidays of every state the person may be in;
hand-typed ones the federal window. Every zone the person may be in must be open, the end of
a window is closed already, and the federal row always applies beside a state's. Where the
state stays unknown the strictest row holds: for toll-free numbers and unknown area codes
from New York to Honolulu, for foreign numbers in the zones of their country.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from portal.compliance.errors import NeverOpen
from portal.compliance.rules.places import TZDATA, Place, Source, presume, zone
from portal.compliance.rules.policy import (
    FEDERAL,
    STRICTEST,
    TABLES,
    Row,
    Rules,
    Span,
    rulebook,
)

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_HORIZON: Final = 366 * _DAY
LAW: Final = rulebook()

Reason = Literal["open", "hours", "sunday", "saturday", "holiday", "closed day"]


@dataclass(frozen=True, slots=True)
class Why:
    """The rule a text was judged by, and the facts that decided (SPEC P-3, S-2).

    `row`, `zone` and `reason` name what holds the text longest; `rows` and `zones` all that
    was asked. `tzdata` is the version of the zone data.
    """

    opens_at: datetime
    is_open: bool
    reason: Reason
    row: Row
    zone: str
    holiday: str
    rows: tuple[Row, ...]
    zones: tuple[str, ...]
    source: Source
    tzdata: str = TZDATA

    @property
    def citation(self) -> str:
        """The law behind the rule used."""
        return self.row.citation

    @property
    def sentence(self) -> str:
        """The rule in words for people, with its citation."""
        return f"{self._rule()} ({self.citation})."

    def _rule(self) -> str:
        if self.is_open:
            return f"{self.row.name} rule: texts may go at this time"
        if self.reason == "holiday":
            return f"{self.row.name} rule: no automated texts on {self.holiday}"
        if self.reason in ("sunday", "saturday"):
            return f"{self.row.name} rule: no automated texts on {self.reason.capitalize()}s"
        if self.reason == "closed day":
            return f"{self.row.name} rule: your organization closed this day"
        local = self.opens_at.astimezone(zone(self.zone)).date()
        return f"{self.row.name} rule: texts go {self.row.usual(local)}, {place_of(self.zone)} time"


def place_of(key: str) -> str:
    """Return the city a time zone is named after, for people."""
    return key.rpartition("/")[2].replace("_", " ")


@dataclass(frozen=True, slots=True)
class _Verdict:
    opens_at: datetime
    place: Place
    codes: tuple[str, ...]


def next_allowed(
    at: datetime,
    *,
    state: str | None,
    phone: str,
    automated: bool,
    table: Rules | None = None,
) -> datetime:
    """Return `at` itself when a text may go then, else the next instant it may, in UTC.

    `state` is the address's, as letters or name; one we can't read counts as none. A reply to
    a text of the last 24 hours needs no asking (SPEC P-3). Raises ValueError for a time
    without zone, NeverOpen when a tightened table leaves no time within a year.
    """
    now = _utc(at)
    opens_at = _judge(now, state, phone, automated, table or TABLES[-1]).opens_at
    return at if opens_at == now else opens_at


def closes(
    at: datetime,
    *,
    state: str | None,
    phone: str,
    automated: bool,
    table: Rules | None = None,
) -> datetime:
    """Return when the window ends in which a text of `at` goes: its latest hand-over, in UTC.

    The window is the one open at `at`, else the next. A carrier may hold a text that long and
    no longer (PROMISES 2.4).
    """
    rules = table or TABLES[-1]
    verdict = _judge(_utc(at), state, phone, automated, rules)
    return min(
        end
        for key in verdict.place.zones
        for start, end in [_opening(rules, verdict.codes, key, verdict.opens_at)]
    )


def why(
    at: datetime,
    *,
    state: str | None,
    phone: str,
    automated: bool,
    table: Rules | None = None,
) -> Why:
    """Return the rule that decides for a text at a time, with its citation (SPEC P-3)."""
    rules = table or TABLES[-1]
    now = _utc(at)
    verdict = _judge(now, state, phone, automated, rules)
    held = [
        (_opening(rules, (code,), key, now)[0], -place, key, code)
        for place, code in enumerate(verdict.codes)
        for key in verdict.place.zones
    ]
    opening, _, key, code = max(held, key=lambda each: each[:2])
    known = rules.on(now.astimezone(zone(key)).date()).rows
    rows = tuple(known[each] for each in verdict.codes)
    row = known[code]
    if opening <= now:
        row = min(rows, key=lambda each: _length(each, now, key))
    reason, holiday = _reason(row, key, now, is_open=opening <= now)
    return Why(
        opens_at=verdict.opens_at,
        is_open=verdict.opens_at == now,
        reason=reason,
        row=row,
        zone=key,
        holiday=holiday,
        rows=rows,
        zones=verdict.place.zones,
        source=verdict.place.source,
    )


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A time needs its zone.")
    return at.astimezone(UTC)


def _judge(at: datetime, state: str | None, phone: str, automated: bool, table: Rules) -> _Verdict:
    places = presume(state, phone)
    asked = [(place, _codes(place, automated)) for place in places]
    # Zones may lie so far apart that the strictest hours never meet (mobiles of Russia).
    asked.append((places[-1], (FEDERAL,)))
    for place, codes in asked:
        opens_at = _meeting(table, codes, place.zones, at)
        if opens_at:
            return _Verdict(opens_at, place, codes)
        if table not in (*TABLES, LAW) and _meeting(LAW, codes, place.zones, at):
            break  # an organization closed it, which is no reason to ask for less
    raise NeverOpen(
        "No time within a year is open for this person. Loosen the organization's own hours."
    )


def _codes(place: Place, automated: bool) -> tuple[str, ...]:
    """Return the rows to keep, the federal one last."""
    return (*(place.codes or (STRICTEST,)), FEDERAL) if automated else (FEDERAL,)


@lru_cache(maxsize=4096)
def _meeting(
    table: Rules, codes: tuple[str, ...], zones: tuple[str, ...], at: datetime
) -> datetime | None:
    """Return the first instant from `at` on that is open in every zone.

    Kept, because a campaign asks it for one instant and thousands of people.
    """
    until = at + _HORIZON
    here = at
    while here <= until:
        later = max(_opening(table, codes, key, here, until)[0] for key in zones)
        if later <= here:
            return here
        here = later
    return None


def _opening(
    table: Rules,
    codes: tuple[str, ...],
    key: str,
    at: datetime,
    until: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Return the window of a zone that is open at an instant or opens next, from `at` on."""
    last = (until or at + _HORIZON) + 2 * _DAY
    day = at.astimezone(zone(key)).date()
    while True:
        start, end = _window(table, codes, key, day)
        if at < end:
            return max(at, start), end
        if start > last:
            return start, end
        day += _DAY


@lru_cache(maxsize=65536)
def _window(table: Rules, codes: tuple[str, ...], key: str, day: date) -> tuple[datetime, datetime]:
    """Return the open instants of a local day; they are equal where it is closed."""
    rows = table.on(day).rows
    span = _hours([rows[code] for code in codes], day)
    start = _instant(day, span.start, key, is_start=True)
    return start, max(start, _instant(day, span.end, key, is_start=False)) if span else start


def _hours(rows: Sequence[Row], day: date) -> Span:
    span, *others = [row.hours(day) for row in rows]
    for other in others:
        span = span.meet(other)
    return span


def _instant(day: date, minutes: int, key: str, *, is_start: bool) -> datetime:
    """Return the instant of a wall time, on the safe side where clocks change (PROMISES 3.6).

    Of a time that happens twice a start is the later, an end the earlier. A time that does
    not happen is the first instant after the gap.
    """
    wall = datetime(day.year, day.month, day.day) + minutes * _MINUTE  # noqa: DTZ001 - a wall clock
    local = wall.replace(tzinfo=zone(key))
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if is_start else first
    return _after_gap(second, first, key)


def _after_gap(low: datetime, high: datetime, key: str) -> datetime:
    """Return the instant between two at which a zone's clock jumps, to the second."""
    offset = low.astimezone(zone(key)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone(key)).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def _length(row: Row, at: datetime, key: str) -> int:
    span = row.hours(at.astimezone(zone(key)).date())
    return span.end - span.start


def _reason(row: Row, key: str, at: datetime, *, is_open: bool) -> tuple[Reason, str]:
    """Return what a row says against a time, and the holiday's name if that is it."""
    if is_open:
        return "open", ""
    day = at.astimezone(zone(key)).date()
    if day in row.closed_days:
        return "closed day", ""
    holiday = row.holiday(day)
    if holiday:
        return "holiday", holiday.name
    if not row.usual(day):
        return ("sunday" if day.weekday() == 6 else "saturday"), ""
    return "hours", ""
