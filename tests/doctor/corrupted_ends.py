"""Kinds of corruption of where texts stand and of what people said, beside all the others (I1, I2, I3, I11)."""

from datetime import timedelta

from sqlalchemy import select

from portal.billing.models import CreditEntry
from portal.consent.models import OrganizationOptOut
from portal.core.db import db
from portal.gateways.sms import Verdict
from portal.messaging.models import InboundText, Message, MessageAttempt
from portal.messaging.rules.gates import STOP_CONFIRMATION
from portal.messaging.values import ACCEPTED_FAMILY, Kind, State
from tests.doctor.corrupted_lists import CORRUPTIONS
from tests.doctor.corruptions import STRANGER, breaks, change, one, remove, text_in

__all__ = ["CORRUPTIONS"]


@breaks("waits_after_a_try")
def a_text_in_doubt_was_put_back_into_the_queue(busy):
    change(Message, Message.id == busy.ids["in_doubt"], state=State.QUEUED)


@breaks("waits_after_a_try")
def a_submission_was_put_back_into_the_queue(busy):
    change(Message, Message.id == busy.ids["submitting"], state=State.QUEUED)


@breaks("never_ends")
def a_submission_lost_its_deadline(busy):
    change(Message, Message.id == busy.ids["submitting"], submit_deadline=None)


@breaks("never_ends")
def a_text_in_doubt_lost_its_time(busy):
    change(Message, Message.id == busy.ids["in_doubt"], submitted_at=None)


@breaks("never_ends")
def a_claimed_text_lost_its_lease(busy):
    change(Message, Message.id == busy.ids["claimed"], lease_until=None)


@breaks("never_ends")
def a_text_is_held_for_what_nobody_knows(busy):
    held = {"state": State.HELD, "reason_code": "gone", "reason": "It waits."}
    change(Message, Message.id == busy.ids["queued"], **held)


@breaks("attempt_says_accepted")
def a_try_of_a_rejected_text_was_taken(busy):
    mine = MessageAttempt.message_id == busy.ids["rejected_21211"]
    change(MessageAttempt, mine, verdict=Verdict.ACCEPTED)


@breaks("attempt_says_accepted")
def a_try_of_an_unconfirmed_text_bears_a_name(busy):
    mine = MessageAttempt.message_id == text_in(busy, State.UNCONFIRMED).id
    change(MessageAttempt, mine, sid=STRANGER)


@breaks("attempt_says_accepted", "counted_otherwise", "state_behind_reports")
def a_free_text_that_left_was_called_blocked(busy):
    """No money and no place of a day speaks for it: its attempt does."""
    ours = Message.account_id == busy.account.id, Message.kind == Kind.SYSTEM
    left = one(Message, *ours, Message.state.in_(ACCEPTED_FAMILY))
    change(Message, Message.id == left.id, state=State.BLOCKED, sid=None, reason_code="opted_out")


# I3


@breaks("organization_forgot")
def an_opt_out_no_longer_binds_the_brokerage(busy):
    remove(OrganizationOptOut, OrganizationOptOut.e164 == _stopped(busy))


@breaks("organization_forgot")
def the_brokerage_knows_only_an_older_opt_out(busy):
    row = one(OrganizationOptOut, OrganizationOptOut.e164 == _stopped(busy))
    earlier = row.opted_out_at - timedelta(days=1)
    change(OrganizationOptOut, OrganizationOptOut.e164 == row.e164, opted_out_at=earlier)


@breaks("counted_otherwise", "stop_heard_in_vain")
def a_stop_was_heard_and_not_stored(busy):
    change(InboundText, InboundText.id == _talk(busy).id, keyword="stop")


@breaks("counted_otherwise", "stop_heard_in_vain")
def a_second_stop_was_not_stored(busy):
    """The opt-out that stands is older: a START might have come between."""
    said = {"e164": _stopped(busy), "received_at": busy.now}
    change(InboundText, InboundText.id == _talk(busy).id, keyword="stop", **said)


def _stopped(busy):
    return db.session.get(Message, busy.ids["stopped"]).e164


def _talk(busy):
    mine = InboundText.account_id == busy.account.id
    return one(InboundText, mine, InboundText.keyword.is_(None))


@breaks("grants_differ")
def a_grant_names_half_a_month(busy):
    mine = (CreditEntry.account_id == busy.account.id, CreditEntry.reference.like("test:%"))
    change(CreditEntry, *mine, reference="subscription:gone")


def confirm_after_the_stop(busy, *which):
    """Let texts to who stopped be confirmations of it, handed over now."""
    stopped = one(Message, Message.id == busy.ids["stopped"])
    theirs = (Message.account_id == busy.account.id, Message.e164 == stopped.e164, *which)
    change(Message, *theirs, purpose=STOP_CONFIRMATION)
    ids = list(db.session.scalars(select(Message.id).where(*theirs)))
    change(MessageAttempt, MessageAttempt.message_id.in_(ids), started_at=busy.now)
    return ids


@breaks("left_after_stop")
def an_opt_out_was_confirmed_again(busy):
    assert len(confirm_after_the_stop(busy)) > 1
