"""Who gets which day's room: daily limits handed out in order (S-5, RULINGS 16)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from portal.core.days import moment_of

REPLY_RESERVE_PERCENT: Final = 10  # S-5
RECIPIENTS: Final = "daily_recipients"
SEGMENTS: Final = "daily_segments"
# What a text of a plan that went over a limit says of itself (S-5).
WENT_OVER: Final = {
    RECIPIENTS: "It went over the day's limit of people. Carriers may filter such texts.",
    SEGMENTS: "It went over the day's limit of segments. Carriers may filter such texts.",
}
DAYS_AHEAD: Final = 60  # a send is spread over no more days than this
_MORNING: Final = time(9)  # when the share of a later day starts


@dataclass(slots=True)
class DayRoom:
    """What is left of one day, taken down as texts find their place in it."""

    day: date
    recipients: int
    segments: int
    replies: int  # segments kept for replies, beyond the others
    counted: set[str] = field(default_factory=set)  # numbers that have their place already
    countries: dict[int, int] = field(default_factory=dict)  # texts left, by country code

    def takes_recipient(self, e164: str, *, is_reply: bool) -> bool:
        """Say whether a text to this number would be one more recipient of the day."""
        return not is_reply and e164 not in self.counted

    def segments_for(self, *, is_reply: bool) -> int:
        """Return how many segments one text may have: a reply may draw on the reserve."""
        return max(self.segments, self.replies) if is_reply else self.segments

    def fits(self, e164: str, segments: int, country_code: int, *, is_reply: bool) -> bool:
        """Say whether a text finds its place in this day."""
        passed = self.passed_by(e164, segments, is_reply=is_reply)
        return not passed and self.has_country(country_code)

    @property
    def is_full(self) -> bool:
        """Say whether nobody finds a place any more who has none yet, replies aside."""
        return self.recipients < 1 or self.segments < 1

    def has_country(self, country_code: int) -> bool:
        """Say whether a country has room; nothing passes its limit."""
        return country_code == 1 or self.countries.get(country_code, 0) >= 1

    def passed_by(self, e164: str, segments: int, *, is_reply: bool) -> str:
        """Return the limit of the account's own that a text would pass; none: ""."""
        if self.recipients < 1 and self.takes_recipient(e164, is_reply=is_reply):
            return RECIPIENTS
        return SEGMENTS if segments > self.segments_for(is_reply=is_reply) else ""

    def take(
        self, e164: str, segments: int, country_code: int, *, is_reply: bool, is_over: bool = False
    ) -> bool:
        """Give a text its place; say whether it draws on the reserve.

        One that `is_over` takes from both limits what is not there, so that nothing else fits.
        """
        if self.takes_recipient(e164, is_reply=is_reply):
            self.recipients -= 1
            self.counted.add(e164)
        if country_code != 1:
            self.countries[country_code] -= 1
        if segments <= self.segments or is_over:
            self.segments -= segments
            return False
        self.replies -= segments
        return True


class Calendar:
    """The rooms of the days from the first on, read one by one and in order."""

    def __init__(self, first: date, read: Callable[[date], DayRoom]) -> None:
        """Begin at a day; `read` says what is left of one."""
        self.first = first
        self._read = read
        self._rooms: list[DayRoom] = []
        self._full = 0  # how many days from the first on have no place for anybody new
        self._placed: set[str] = set()  # who has a place in one of those

    def room(self, offset: int = 0) -> DayRoom:
        """Return the room of a day so many days after the first."""
        while len(self._rooms) <= offset:
            self._rooms.append(self._read(self.first + timedelta(days=len(self._rooms))))
        return self._rooms[offset]

    def next_for(self, e164: str, offset: int) -> int:
        """Return the first day from `offset` on where somebody may find a place, replies aside.

        Days that filled up stay full, so thousands of people don't look through each of them.
        """
        while self._full < len(self._rooms) and self._rooms[self._full].is_full:
            self._placed |= self._rooms[self._full].counted
            self._full += 1
        return offset if e164 in self._placed else max(offset, self._full)


def reserve_for_replies(segment_limit: int) -> int:
    """Return the segments kept for replies beyond a day's limit (S-5)."""
    return segment_limit * REPLY_RESERVE_PERCENT // 100


def morning_of(day: date, timezone: str) -> datetime:
    """Return when texts of a later day may begin to leave, in UTC."""
    return moment_of(day, _MORNING, timezone)
