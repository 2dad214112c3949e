"""How long what an appeal waits for may take, and when people are told of it (A-5, A-6)."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from portal.appeals.errors import BadReply
from portal.appeals.values import Reply, ReplyKind
from portal.compliance.rules import business_days
from portal.core.days import moment_of

SOON: Final = timedelta(hours=8)  # a working day's rest before something is due
LONGEST: Final = 20_000  # characters of a reply, of what is asked, of an answer
_OLDEST: Final = timedelta(days=366)
_FURTHEST: Final = timedelta(days=366)
_DAY: Final = timedelta(days=1)


def expected_by(at: datetime, zone: str, days: int) -> datetime:
    """Return when so many business days are over, in the account's zone."""
    return business_days.lapses(at, zone, days)


def end_of(day: date, zone: str) -> datetime:
    """Return the moment a day is over in the account's zone, UTC."""
    return moment_of(day + _DAY, time(), zone)


def checked(reply: Reply, *, today: date, has_files: bool) -> Reply:
    """Return a reply as it is kept. Raises BadReply, which names the field."""
    text, asked = _clean(reply.text), _clean(reply.asked)
    for field, words in (("text", text), ("asked", asked)):
        if len(words) > LONGEST:
            raise BadReply(field, f"Use at most {LONGEST:,} characters, or attach it as a file.")
    if not text and not has_files:
        raise BadReply("text", "Paste what was written, or attach it as a file.")
    if reply.received_on > today:
        raise BadReply("received_on", "This day is not here yet. Give the day the reply came.")
    if reply.received_on < today - _OLDEST:
        raise BadReply("received_on", "This day is over a year ago. Check the year.")
    if reply.kind is not ReplyKind.INFORMATION:
        return Reply(reply.kind, reply.received_on, text, ticket=reply.ticket)
    if not asked:
        raise BadReply("asked", "Say what is asked, so that whoever answers knows.")
    if reply.due_on is None:
        raise BadReply("due_on", "Give the day by which they want the answer.")
    if not today <= reply.due_on <= today + _FURTHEST:
        raise BadReply("due_on", "Give a day from today on, within a year.")
    return replace(reply, text=text, asked=asked)


def _clean(words: str) -> str:
    return words.replace("\0", "").strip()
