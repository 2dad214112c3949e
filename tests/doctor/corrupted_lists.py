"""Kinds of corruption about do-not-call lists, entered beside all the others (I15)."""

from datetime import timedelta

from portal.consent.models import ConsentRecord
from portal.consent.values import Strength
from portal.dnc.models import DncExemption
from tests.doctor.corruptions import CORRUPTIONS, breaks, change

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
