"""How figures, times and numbers are written for people (LOOK, Words)."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from portal.core import clock
from portal.core.phone import PhoneError
from portal.core.phone import show as show_phone


def when(at: datetime | None, zone: str) -> str:
    """Return a time in words: 'Today 7:42 pm', 'Wed 9:05 am', '17 Nov', '17 Nov 2025'."""
    if at is None:
        return "–"
    return since(at, clock.utcnow().astimezone(ZoneInfo(zone)))


def since(at: datetime, now: datetime) -> str:
    """Return the same as told where now is told: a list asks the clock once."""
    local = _local(at, now.tzinfo)
    days = (now.date() - local.date()).days
    if days == 0:
        return f"Today {clock_time(local)}"
    if days == 1:
        return f"Yesterday {clock_time(local)}"
    if -7 < days < 7:
        return f"{local:%a} {clock_time(local)}"
    if local.year == now.year:
        return f"{local.day} {local:%b}"
    return date_words(local)


def moment(at: datetime | None, zone: str) -> str:
    """Return a full time with its zone, for records: '17 Nov 2026, 7:42 pm CST'."""
    if at is None:
        return "–"
    local = _local(at, ZoneInfo(zone))
    return f"{date_words(local)}, {clock_time(local)} {local:%Z}"


def day(at: datetime | None, zone: str) -> str:
    """Return a date: '17 Nov 2026'."""
    if at is None:
        return "–"
    return date_words(_local(at, ZoneInfo(zone)))


def _local(at: datetime, zone: tzinfo | None) -> datetime:
    """Return a time as clocks there show it; the first and last day of all years as they are kept."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def date_words(day: date) -> str:
    """Return a day of a calendar: '17 Nov 2026'."""
    return f"{day.day} {day:%b %Y}"


def span_words(first: date, last: date) -> str:
    """Return some days in a row: '1 to 30 Nov 2026', each part said once."""
    if first == last:
        return date_words(last)
    if first.year != last.year:
        return f"{date_words(first)} to {date_words(last)}"
    begin = f"{first.day} {first:%b}" if first.month != last.month else f"{first.day}"
    return f"{begin} to {date_words(last)}"


def clock_time(local: datetime) -> str:
    """Return '7:42 pm'."""
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def iso(at: datetime) -> str:
    """Return a time as machines read it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def number(value: int | None) -> str:
    """Return '1,284'; an en dash when nothing is known."""
    return "–" if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """Return '97.1 %' of a share from 0 to 1."""
    return "–" if share is None else f"{share * 100:.1f} %"


def money(cents: int | None) -> str:
    """Return '$1,284.00' of an amount in US cents."""
    if cents is None:
        return "–"
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def short_hash(value: str | None) -> str:
    """Return both ends of a hash: '3f9a…c012'."""
    if not value:
        return "–"
    return value if len(value) <= 12 else f"{value[:4]}…{value[-4:]}"


def phone(e164: str | None) -> str:
    """Return '(312) 555-0142' or '+44 20 7946 0142'; what can't be read stays as it is."""
    if not e164:
        return "–"
    try:
        return show_phone(e164)
    except PhoneError:
        return e164


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return '1 person' or '3 people'."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
