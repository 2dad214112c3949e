"""The simplest right rows of consent."""

from portal.consent import service as consent
from portal.consent.values import Checkbox, Method, NewConsent
from portal.core.audit import Actor
from portal.core.db import unit_of_work

CAROL, DAVE, ERIN = "+13125550142", "+13125550143", "+13125550144"
AGENT = Actor(None, "Bob Tran", "tests")
PERSON = Actor(None, "recipient")
DISCLOSURE = (
    "I agree to receive recurring texts about listings from Juniper Realty at this number. "
    "Message and data rates may apply. Message frequency varies. Reply HELP for help, STOP to "
    "cancel. Consent is not a condition of purchase."
)


def written(account, e164=CAROL, **values):
    """Have a number agree on a hosted form: express written consent."""
    details = {"name": "Carol Reyes", "disclosure_text": DISCLOSURE, "checkbox": Checkbox.CHECKED}
    consent_ = NewConsent(e164, Method.HOSTED_FORM, **(details | values))
    with unit_of_work():
        return consent.record_consent(account.tenant, consent_, AGENT)


def spoken(account, e164=CAROL, **values):
    """Have a number agree by word of mouth: express consent."""
    details = {"name": "Carol Reyes", "method_details": "said so on the phone"}
    consent_ = NewConsent(e164, Method.VERBAL, **(details | values))
    with unit_of_work():
        return consent.record_consent(account.tenant, consent_, AGENT, is_staff_entry=True)


def bought(account, e164=CAROL):
    """Have a number from a bought list."""
    with unit_of_work():
        return consent.record_consent(
            account.tenant, NewConsent(e164, Method.PURCHASED_LIST), AGENT
        )


def stop(account, e164=CAROL, *, at, reference=""):
    """Have a number say STOP."""
    with unit_of_work():
        return consent.opt_out(
            account.tenant, e164, at=at, source="keyword", actor=PERSON, reference=reference
        )


def start(account, e164=CAROL, *, at, reference="", provider_at=None):
    """Have a number say START."""
    with unit_of_work():
        return consent.opt_in(
            account.tenant,
            e164,
            at=at,
            source="keyword",
            actor=PERSON,
            reference=reference,
            provider_at=provider_at,
        )
