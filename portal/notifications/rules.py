"""When a digest goes, and what a mail about a notice says (M-1)."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.core.days import moment_of
from portal.notifications.values import KINDS, Words


def next_digest(now: datetime, hour: int, zone: str, last_day: date | None) -> datetime:
    """Return the next moment at which it is this hour for the person, on a day without a digest.

    Where the clocks skip the hour, that is the moment they skip to; where it comes twice, the first.
    """
    day = now.astimezone(ZoneInfo(zone)).date()
    while True:
        at = moment_of(day, time(hour), zone)
        if at > now and (last_day is None or day > last_day):
            return at
        day += timedelta(days=1)


def mail_words(kind: str, title: str, text: str, account_name: str | None) -> tuple[str, str]:
    """Return the title and the text a mail may say of a notice; who texts is never named."""
    known = KINDS[kind]
    if known.words is Words.ALL:
        return title, text
    if known.words is Words.TITLE:
        return title, "The portal says what happened and what to do."
    sentence = known.sentence.format(account=account_name or "Your organization")
    return sentence, "Names and words stay in the portal."


def push_words(kind: str, title: str, text: str, account_name: str | None) -> tuple[str, str]:
    """Return what a push says: who it is about, and never what a person wrote (Q-5).

    A phone shows it while it is locked; where no person is named, all may be said.
    """
    is_harmless = KINDS[kind].words is Words.ALL
    return title, (text if is_harmless else account_name or "")
