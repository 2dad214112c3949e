"""I7: the day's counters are what was taken, and never more than the limit."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant
from portal.messaging.models import (
    DailyCountry,
    DailyLimit,
    DailyRecipient,
    Message,
    MessageEvent,
)
from portal.messaging.values import ACCEPTED_FAMILY, TERMINAL, State

# What did not leave gave its place back; of a text in doubt the recipient still counts.
_GAVE_BACK: Final = TERMINAL - ACCEPTED_FAMILY
_OFF_THE_LIST: Final = _GAVE_BACK - {State.UNCONFIRMED}


def day_passed(look: Look) -> Iterable[Found]:
    """Find days that took more than their limits allow."""
    day = DailyLimit
    rows = look.rows(
        select(day.day).where(
            day.account_id == look.account_id,
            or_(
                day.recipients > day.recipients_limit,
                day.segments > day.segments_limit,
                day.replies > day.replies_limit,
            ),
        )
    )
    for row in rows:
        yield Found(row.day, f"{row.day:%d %B %Y} passed its limits.")


def people_miscounted(look: Look) -> Iterable[Found]:
    """Find days whose count of people is not the number of people on their list."""
    on_the_list = select(func.count()).where(
        DailyRecipient.account_id == DailyLimit.account_id, DailyRecipient.day == DailyLimit.day
    )
    listed = on_the_list.where(DailyRecipient.is_over.is_(False)).scalar_subquery()
    beyond = on_the_list.where(DailyRecipient.is_over.is_(True)).scalar_subquery()
    over = DailyLimit.recipients_over
    rows = look.rows(
        select(
            DailyLimit.day,
            (DailyLimit.recipients + over).label("counted"),
            (listed + beyond).label("listed"),
        ).where(
            DailyLimit.account_id == look.account_id,
            or_(DailyLimit.recipients != listed, over != beyond),
        )
    )
    for row in rows:
        yield Found(
            row.day,
            f"{row.day:%d %B %Y} counts {row.counted} people; its list has {row.listed}.",
        )


def segments_miscounted(look: Look) -> Iterable[Found]:
    """Find days whose count of segments is not the sum of their texts'."""

    def total(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, Message.segments), else_=0)), 0)

    over = total(Message.passed_limit.is_not(None))
    segments = total(and_(Message.draws_on_reserve.is_(False), Message.passed_limit.is_(None)))
    replies = total(Message.draws_on_reserve.is_(True))
    rows = look.rows(
        select(
            DailyLimit.day,
            (DailyLimit.segments + DailyLimit.segments_over).label("segments"),
            DailyLimit.replies,
            (segments + over).label("sent"),
            replies.label("answered"),
        )
        .outerjoin(
            Message,
            and_(
                Message.account_id == DailyLimit.account_id,
                Message.slot_on == DailyLimit.day,
                _counts(),
            ),
        )
        .where(DailyLimit.account_id == look.account_id)
        .group_by(DailyLimit.day, DailyLimit.segments, DailyLimit.segments_over, DailyLimit.replies)
        .having(
            or_(
                segments != DailyLimit.segments,
                over != DailyLimit.segments_over,
                replies != DailyLimit.replies,
            )
        )
    )
    for row in rows:
        yield Found(
            row.day,
            f"{row.day:%d %B %Y} counts {row.segments} segments and {row.replies} of replies; "
            f"its texts have {row.sent} and {row.answered}.",
        )


def countries_miscounted(look: Look) -> Iterable[Found]:
    """Find days whose count of texts to a country differs from the texts, or passes its limit."""
    sent = func.count(Message.id)
    rows = look.rows(
        select(DailyCountry.day, DailyCountry.country_code, DailyCountry.used, sent.label("sent"))
        .outerjoin(
            Message,
            and_(
                Message.account_id == DailyCountry.account_id,
                Message.slot_on == DailyCountry.day,
                Message.country_code == DailyCountry.country_code,
                _counts(),
            ),
        )
        .where(DailyCountry.account_id == look.account_id)
        .group_by(
            DailyCountry.day,
            DailyCountry.country_code,
            DailyCountry.used,
            DailyCountry.daily_limit,
        )
        .having(or_(sent != DailyCountry.used, DailyCountry.used > DailyCountry.daily_limit))
    )
    for row in rows:
        yield Found(
            f"{row.day} +{row.country_code}",
            f"{row.day:%d %B %Y} counts {row.used} texts to +{row.country_code}; "
            f"there are {row.sent}.",
        )


def text_without_place(look: Look) -> Iterable[Found]:
    """Find texts that count on a day whose list lacks their number."""
    listed = (
        select(DailyRecipient.e164)
        .where(
            DailyRecipient.account_id == Message.account_id,
            DailyRecipient.day == Message.slot_on,
            DailyRecipient.e164 == Message.e164,
        )
        .exists()
    )
    rows = look.rows(
        select(Message.id, Message.slot_on).where(
            look.texts,
            Message.slot_on.is_not(None),
            Message.is_reply.is_(False),
            Message.state.not_in(_OFF_THE_LIST),
            ~listed,
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} has no place among the people of {row.slot_on:%d %B}.")


def _counts() -> ColumnElement[bool]:
    """Say whether a text still has its place; one proven sent after it was given up has none."""
    given_up = (
        select(MessageEvent.id)
        .where(MessageEvent.message_id == Message.id, MessageEvent.state == State.UNCONFIRMED)
        .exists()
    )
    return and_(Message.state.not_in(_GAVE_BACK), ~given_up)


_LIMITS = (
    "Lower today's limit by the difference in Settings if the day is still running, and call "
    "support with the day."
)

CHECKS: Final = (
    Check(Invariant.I7, day_passed, _LIMITS),
    Check(Invariant.I7, people_miscounted, _LIMITS),
    Check(Invariant.I7, segments_miscounted, _LIMITS),
    Check(Invariant.I7, countries_miscounted, _LIMITS),
    Check(Invariant.I7, text_without_place, _LIMITS),
)
