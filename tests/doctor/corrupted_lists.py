"""Kinds of corruption about do-not-call lists, pauses and appeals, entered beside all the others (I2, I15, I17)."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert

from portal.appeals.models import AppealCase, AppealSending
from portal.appeals.values import Kind as AppealKind
from portal.appeals.values import SendingState
from portal.appeals.values import State as AppealState
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


@breaks("left_though_listed")
def a_text_left_to_a_listed_number(busy):
    change(DncExemption, DncExemption.e164 == busy.listed, e164="+13125551234")


@breaks("left_though_listed")
def what_exempted_a_listed_number_was_over(busy):
    change(
        DncExemption,
        DncExemption.e164 == busy.listed,
        happened_on=busy.now.date() - timedelta(days=600),
    )


@breaks("left_though_listed")
def what_exempted_a_listed_number_was_written_down_later(busy):
    change(DncExemption, DncExemption.e164 == busy.listed, recorded_at=busy.now)


@breaks("counted_otherwise", "left_though_listed")
def a_signature_was_only_a_word(busy):
    change(
        ConsentRecord,
        ConsentRecord.e164 == busy.signed,
        strength=Strength.EXPRESS,
    )


@breaks("waits_for_no_pause")
def a_text_waits_for_a_pause_of_bulk_texts_that_is_over(busy):
    queued = Message.id == busy.ids["queued"]
    change(Message, queued, state=State.HELD, reason_code="bulk_paused", reason="A breach.")


@breaks("left_in_a_pause")
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


def _appeal(busy, **sending):
    """Add an appeal with the carrier, and what was to go there."""
    mine = {"organization_id": busy.account.organization_id, "account_id": busy.account.id}
    held, case = uuid4(), uuid4()
    run(
        insert(Restriction).values(
            id=held, **mine, kind=RestrictionKind.SUSPENSION, reason="Their mail",
            set_by="system", set_at=busy.now, lifted_by="Vera", lifted_at=busy.now,
        )
    )  # fmt: skip
    run(
        insert(AppealCase).values(
            id=case, **mine, restriction_id=held, kind=AppealKind.SUSPENSION, template_version=1,
            state=AppealState.SUBMITTED, created_by="Bob",
        )
    )  # fmt: skip
    run(
        insert(AppealSending).values(
            id=uuid4(), **mine, case_id=case, number=1, asked_by="Vera", **sending
        )
    )


@breaks("cannot_leave")
def an_appeal_cannot_leave(busy):
    _appeal(busy, state=SendingState.BROKEN, problem="A file is gone.", moved_at=busy.now)


@breaks("nobody_takes_it")
def nobody_takes_an_appeal(busy):
    _appeal(busy, state=SendingState.WAITING, moved_at=busy.now - timedelta(hours=2))
