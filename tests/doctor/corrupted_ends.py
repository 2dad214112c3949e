"""Kinds of corruption of where texts stand, entered beside all the others (I1, I2, I11)."""

from portal.billing.models import CreditEntry
from portal.messaging.models import Message
from portal.messaging.values import State
from tests.doctor.corrupted_lists import CORRUPTIONS
from tests.doctor.corruptions import breaks, change

__all__ = ["CORRUPTIONS"]


@breaks("I1")
def a_text_in_doubt_was_put_back_into_the_queue(busy):
    change(Message, Message.id == busy.ids["in_doubt"], state=State.QUEUED)


@breaks("I1")
def a_submission_was_put_back_into_the_queue(busy):
    change(Message, Message.id == busy.ids["submitting"], state=State.QUEUED)


@breaks("I2")
def a_submission_lost_its_deadline(busy):
    change(Message, Message.id == busy.ids["submitting"], submit_deadline=None)


@breaks("I2")
def a_text_in_doubt_lost_its_time(busy):
    change(Message, Message.id == busy.ids["in_doubt"], submitted_at=None)


@breaks("I2")
def a_claimed_text_lost_its_lease(busy):
    change(Message, Message.id == busy.ids["claimed"], lease_until=None)


@breaks("I2")
def a_text_is_held_for_what_nobody_knows(busy):
    held = {"state": State.HELD, "reason_code": "gone", "reason": "It waits."}
    change(Message, Message.id == busy.ids["queued"], **held)


@breaks("I11")
def a_grant_names_half_a_month(busy):
    mine = (CreditEntry.account_id == busy.account.id, CreditEntry.reference.like("test:%"))
    change(CreditEntry, *mine, reference="subscription:gone")
