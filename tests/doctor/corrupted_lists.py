"""Kinds of corruption about do-not-call lists and pauses, entered beside all the others (I2, I15)."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert

from portal.consent.models import ConsentRecord
from portal.consent.values import Strength
from portal.core.db import db
from portal.dnc.models import DncExemption
from portal.messaging.models import Message
from portal.messaging.values import State
from portal.texting_accounts.models import Restriction
from portal.texting_accounts.values import RestrictionKind
from tests.doctor.corruptions import CORRUPTIONS, breaks, change, run

__all__ = ["CORRUPTIONS"]


@breaks("I15")
def a_text_left_to_a_listed_number(busy):
    change(DncExemption, DncExemption.e164 == busy.listed, e164="+13125551234")


@breaks("I15")
def what_exempted_a_listed_number_was_over(busy):
    change(
        DncExemption,
        DncExemption.e164 == busy.listed,
        happened_on=busy.now.date() - timedelta(days=600),
    )


@breaks("I15")
def what_exempted_a_listed_number_was_written_down_later(busy):
    change(DncExemption, DncExemption.e164 == busy.listed, recorded_at=busy.now)


@breaks("I11", "I15")
def a_signature_was_only_a_word(busy):
    change(
        ConsentRecord,
        ConsentRecord.e164 == busy.signed,
        strength=Strength.EXPRESS,
    )


@breaks("I2")
def a_text_waits_for_a_pause_of_bulk_texts_that_is_over(busy):
    queued = Message.id == busy.ids["queued"]
    change(Message, queued, state=State.HELD, reason_code="bulk_paused", reason="A breach.")


@breaks("I15")
def a_bulk_text_left_while_its_account_was_paused(busy):
    sent = db.session.get(Message, busy.ids["created_201"])
    run(
        insert(Restriction).values(
            id=uuid4(),
            organization_id=sent.organization_id,
            account_id=sent.account_id,
            kind=RestrictionKind.BULK_PAUSE,
            reason="A breach.",
            set_by="system",
            set_at=sent.submitted_at - timedelta(minutes=2),
            lifted_by="Vera",
            lifted_at=sent.submitted_at + timedelta(seconds=1),
        )
    )
